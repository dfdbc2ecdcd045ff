import type { VdnErrorCode } from '../../src/errors.ts';
import type { Fault } from '../../src/simulator/index.ts';

type Kind = Fault['kind'];
type FaultOf<K extends Kind> = Extract<Fault, { kind: K }>;

/** A fault of the simulator and the outcome of a VDN that meets it. */
export interface FaultCase<K extends Kind = Kind> {
  readonly fault: FaultOf<K>;
  /** Of a VDN that loses a code, among other changes; undefined: it is brought up to date. */
  readonly errorCode?: VdnErrorCode;
  /** Of a VDN that was never read before; default: the same. */
  readonly firstErrorCode?: VdnErrorCode | null;
  /** What the operator is told. */
  readonly message?: RegExp;
  /** Requests for the VDN that loses a code. */
  readonly requests?: number;
  /** Settings of the source. */
  readonly source?: Readonly<Record<string, unknown>>;
}

/** Every list has so many codes before it changes, and is read in three pages. */
export const codesPerVdn = 12;
export const pageSize = 5;
/** Further attempts of every request. */
export const retries = 1;

const once = 1;
const everyAttempt = 1 + retries;
/** A list that loses a code is read twice; the second time, with 4 rows a page, its last page is full. */
const twoReads = 7;
const threeReads = 9;
const shortTimeout = { timeout: '3s' };
const gigabyte = 1024 ** 3;
/** Read to the end of page 1 and refused there, three times. */
const threeFirstPages = 3;

type Failing<K extends Kind> = FaultCase<K> & { readonly errorCode: VdnErrorCode };

/**
 * Faults that fail a VDN: at least one of every kind, except those that read as another list.
 *
 * @param elsewhere another host, which must not hear of it
 */
export function lastingFaults(elsewhere: string): {
  readonly [K in Exclude<Kind, 'behind' | 'cache' | 'one-list'>]: readonly [Failing<K>, ...Failing<K>[]];
} {
  return {
    status: [
      { fault: { kind: 'status', status: 500 }, errorCode: 'http-status', requests: everyAttempt },
      {
        fault: { kind: 'status', status: 404 },
        errorCode: 'http-status',
        requests: once,
        message: /baseUrl/,
      },
      { fault: { kind: 'status', status: 204 }, errorCode: 'http-status', requests: once },
      { fault: { kind: 'status', status: 200 }, errorCode: 'bad-response', requests: once },
      { fault: { kind: 'status', status: 401 }, errorCode: 'unauthorized', requests: once },
      { fault: { kind: 'status', status: 429 }, errorCode: 'rate-limited', requests: everyAttempt },
      {
        fault: { kind: 'status', status: 503, retryAfter: new Date(Date.now() + 3_700_000).toUTCString() },
        errorCode: 'rate-limited',
        requests: once,
        message: /3\d\d\d s/,
      },
    ],
    firewall: [
      { fault: { kind: 'firewall' }, errorCode: 'forbidden', requests: once, message: /allow list/ },
    ],
    html: [{ fault: { kind: 'html' }, errorCode: 'not-json', requests: everyAttempt, message: /HTML/ }],
    failure: [
      {
        fault: { kind: 'failure', resultCode: '0200001', resultDesc: 'vdnId is strange' },
        errorCode: 'isales-error',
        requests: once,
        message: /0200001.*parameter error.*vdnId is strange/,
      },
      { fault: { kind: 'failure', resultCode: '0200000' }, errorCode: 'bad-response', requests: once },
    ],
    hang: [
      // Page 1 is answered, page 2 is not.
      { fault: { kind: 'hang', page: 2 }, errorCode: 'timeout', source: shortTimeout },
    ],
    trickle: [
      { fault: { kind: 'trickle' }, errorCode: 'timeout', requests: everyAttempt, source: shortTimeout },
    ],
    cut: [
      { fault: { kind: 'cut', afterBytes: 40 }, errorCode: 'network' },
      { fault: { kind: 'cut', page: 3 }, errorCode: 'network' },
    ],
    truncated: [
      { fault: { kind: 'truncated' }, errorCode: 'not-json', requests: everyAttempt, message: /cut off/ },
    ],
    oversized: [
      { fault: { kind: 'oversized', bytes: 2 * gigabyte }, errorCode: 'too-large', requests: once },
      {
        fault: { kind: 'oversized', bytes: 2 * gigabyte, gzip: true },
        errorCode: 'too-large',
        requests: once,
      },
    ],
    redirect: [
      { fault: { kind: 'redirect', location: elsewhere }, errorCode: 'redirect', requests: once },
      { fault: { kind: 'redirect', location: elsewhere, status: 308, page: 2 }, errorCode: 'redirect' },
    ],
    body: [
      { fault: { kind: 'body', body: '' }, errorCode: 'not-json', requests: everyAttempt, message: /empty/ },
      {
        fault: { kind: 'body', body: 'not packed', headers: { 'Content-Encoding': 'gzip' } },
        errorCode: 'network',
        requests: everyAttempt,
      },
    ],
    delay: [{ fault: { kind: 'delay', ms: 60_000 }, errorCode: 'timeout', source: shortTimeout }],
    shift: [
      { fault: { kind: 'shift' }, errorCode: 'incomplete-snapshot', message: /changes while it is read/ },
      { fault: { kind: 'shift', by: -2 }, errorCode: 'incomplete-snapshot' },
    ],
    // A first list has nothing to lose, so a swap in it cannot be told from a list that is so.
    swap: [
      {
        fault: { kind: 'swap' },
        errorCode: 'incomplete-snapshot',
        requests: threeReads + 1,
        firstErrorCode: null,
      },
    ],
    move: [{ fault: { kind: 'move' }, errorCode: 'incomplete-snapshot' }],
    // A list without edits has nothing to lag behind.
    nodes: [
      { fault: { kind: 'nodes', by: 'turns' }, errorCode: 'incomplete-snapshot', firstErrorCode: null },
    ],
    'lagging-total': [
      { fault: { kind: 'lagging-total' }, errorCode: 'incomplete-snapshot', firstErrorCode: null },
    ],
    'page-total': [
      {
        fault: { kind: 'page-total' },
        errorCode: 'incomplete-snapshot',
        message: /its total of 5 does not count what is listed: page 2/,
      },
    ],
    total: [
      { fault: { kind: 'total', total: 1e9 }, errorCode: 'too-large', requests: once },
      { fault: { kind: 'total', total: null }, errorCode: 'bad-response', requests: once },
      { fault: { kind: 'total', total: 0 }, errorCode: 'incomplete-snapshot', requests: threeFirstPages },
      { fault: { kind: 'total', total: 13 }, errorCode: 'incomplete-snapshot', requests: threeReads },
      { fault: { kind: 'total', total: 17, page: 3 }, errorCode: 'incomplete-snapshot' },
    ],
    'repeat-page': [{ fault: { kind: 'repeat-page', page: 2 }, errorCode: 'incomplete-snapshot' }],
    clamp: [
      {
        fault: { kind: 'clamp', pageSize: 3 },
        errorCode: 'incomplete-snapshot',
        requests: threeFirstPages,
        message: /pageSize: 3/,
      },
    ],
    'short-page': [
      { fault: { kind: 'short-page' }, errorCode: 'incomplete-snapshot', requests: threeFirstPages },
      { fault: { kind: 'short-page', page: 3, missing: 2 }, errorCode: 'incomplete-snapshot' },
    ],
    'repeat-entries': [
      { fault: { kind: 'repeat-entries', obsCodeDesc: 'Another text.' }, errorCode: 'bad-row' },
      // Entries repeated word for word are taken, but prove no removal.
      { fault: { kind: 'repeat-entries', count: 2 }, errorCode: 'incomplete-snapshot', firstErrorCode: null },
    ],
    rows: [
      {
        fault: { kind: 'rows', rows: [{ obsCode: '1' }, { obsCode: 2, obsCodeDesc: 'two' }] },
        errorCode: 'bad-row',
        message: /page 1, row 2 has a number as obsCode/,
      },
    ],
  };
}

/** Faults that retries or further reads overcome, or that do no harm. */
export function passingFaults(): readonly FaultCase[] {
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
  return [
    { fault: { kind: 'status', status: 503, times: 1 }, requests: twoReads + 1 },
    { fault: { kind: 'status', status: 500, times: 1, page: 3 }, requests: twoReads + 1 },
    { fault: { kind: 'status', status: 429, retryAfter: '2', times: 1 } },
    { fault: { kind: 'status', status: 503, retryAfter: inSeconds(8), times: 1 } },
    { fault: { kind: 'html', times: 1 } },
    { fault: { kind: 'hang', times: 1 }, source: shortTimeout },
    { fault: { kind: 'trickle', bytesPerSecond: 100_000 } },
    { fault: { kind: 'cut', times: 1 } },
    { fault: { kind: 'cut', afterBytes: 40, times: 1, page: 2 } },
    { fault: { kind: 'truncated', times: 1 } },
    { fault: { kind: 'oversized', bytes: 1_000_000, gzip: true } },
    { fault: { kind: 'body', body: '', times: 1 } },
    { fault: { kind: 'delay', ms: 300 } },
    { fault: { kind: 'shift', times: 1 } },
    { fault: { kind: 'shift', by: -1, times: 1 } },
    { fault: { kind: 'swap', times: 1 }, requests: threeReads + 1 },
    { fault: { kind: 'total', total: 17, page: 2, times: 1 } },
    { fault: { kind: 'repeat-page', page: 2, times: 1 } },
    { fault: { kind: 'clamp', pageSize: 3, times: 1 } },
    { fault: { kind: 'clamp', pageSize: 5 } },
    { fault: { kind: 'short-page', times: 1 } },
    { fault: { kind: 'move', times: 1 } },
    { fault: { kind: 'cache' }, requests: twoReads },
    // A last page of four is full, and what is behind it is asked for.
    ...([404, 'last-page'] as const).map(
      (answer): FaultCase => ({ fault: { kind: 'behind', answer }, source: { pageSize: 4 } }),
    ),
  ];
}
