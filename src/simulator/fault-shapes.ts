import { z } from 'zod';

/** A fault is for every request it fits, or for the first `times`; with `page` only for that page number. */
const when = { times: z.int().positive().optional(), page: z.int().positive().optional() };

const headers = z.record(z.string(), z.string());

/** Every way to misbehave, with what can be told about it. */
export const faultShapes = {
  /** An HTTP status, with `Retry-After` as given: seconds or an HTTP date. */
  status: z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    retryAfter: z.string().optional(),
    ...when,
  }),
  /** A firewall's own HTML page. */
  firewall: z.strictObject({
    kind: z.literal('firewall'),
    status: z.int().min(200).max(599).default(403),
    ...when,
  }),
  /** HTML with status 200, as from a login page. */
  html: z.strictObject({ kind: z.literal('html'), ...when }),
  /** A failure code inside a 200, without a list; `returnCode` differs from it only where given. */
  failure: z.strictObject({
    kind: z.literal('failure'),
    resultCode: z.string(),
    returnCode: z.string().optional(),
    resultDesc: z.string().optional(),
    ...when,
  }),
  /** The request is accepted and never answered. */
  hang: z.strictObject({ kind: z.literal('hang'), ...when }),
  /** The right answer, so many bytes a second. */
  trickle: z.strictObject({
    kind: z.literal('trickle'),
    bytesPerSecond: z.int().positive().default(1),
    ...when,
  }),
  /** The connection is cut: before any answer, or after so many bytes of the right body. */
  cut: z.strictObject({ kind: z.literal('cut'), afterBytes: z.int().nonnegative().optional(), ...when }),
  /** A complete HTTP response whose JSON ends halfway. */
  truncated: z.strictObject({ kind: z.literal('truncated'), ...when }),
  /** The right answer made larger by so many bytes (still valid JSON), plain or as a small gzip. */
  oversized: z.strictObject({
    kind: z.literal('oversized'),
    bytes: z.int().positive(),
    gzip: z.boolean().default(false),
    ...when,
  }),
  /** A redirect, wherever it leads. */
  redirect: z.strictObject({
    kind: z.literal('redirect'),
    location: z.string(),
    status: z.int().min(300).max(399).default(302),
    ...when,
  }),
  /** Exactly this body. */
  body: z.strictObject({
    kind: z.literal('body'),
    body: z.union([z.string(), z.instanceof(Uint8Array)]),
    status: z.int().min(200).max(599).default(200),
    headers: headers.default({}),
    ...when,
  }),
  /** The answer comes later; goes together with any other fault. */
  delay: z.strictObject({ kind: z.literal('delay'), ms: z.number().nonnegative(), ...when }),
  /**
   * Before the page is answered the list really loses its first `by` entries, so that the next page starts
   * too late; a negative `by` puts new entries in front. Page 2 unless told otherwise.
   */
  shift: z.strictObject({
    kind: z.literal('shift'),
    by: z.int().default(1),
    ...when,
    page: z.int().positive().default(2),
  }),
  /** As `shift` by 1, with a new entry at the end: every total stays right. */
  swap: z.strictObject({ kind: z.literal('swap'), ...when, page: z.int().positive().default(2) }),
  /** Any JSON value as `totalCount`. */
  total: z.strictObject({ kind: z.literal('total'), total: z.unknown(), ...when }),
  /** The page shows the rows of the page before it. */
  'repeat-page': z.strictObject({ kind: z.literal('repeat-page'), ...when }),
  /** Pages are never longer than this, whatever is asked for. */
  clamp: z.strictObject({ kind: z.literal('clamp'), pageSize: z.int().positive(), ...when }),
  /** So many rows are missing at the end of the page. */
  'short-page': z.strictObject({
    kind: z.literal('short-page'),
    missing: z.int().positive().default(1),
    ...when,
  }),
  /** The first `count` entries come twice in a row and count twice, the second time with `obsCodeDesc` where given. */
  'repeat-entries': z.strictObject({
    kind: z.literal('repeat-entries'),
    count: z.int().positive().default(1),
    obsCodeDesc: z.string().optional(),
    ...when,
  }),
  /** The list consists of these JSON values, whatever they are; paged and counted as usual. */
  rows: z.strictObject({ kind: z.literal('rows'), rows: z.array(z.unknown()), ...when }),
};

type FaultShapes = typeof faultShapes;
export type FaultKind = keyof FaultShapes;
/** A fault with its defaults filled in. */
export type FaultOf<K extends FaultKind> = { [P in K]: z.output<FaultShapes[P]> & { kind: P } }[K];
/** A fault as it is asked for. */
export type Fault = { [P in FaultKind]: z.input<FaultShapes[P]> }[FaultKind];

export function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(faultShapes, kind);
}

export const faultSchema = z.discriminatedUnion('kind', [
  faultShapes.status,
  faultShapes.firewall,
  faultShapes.html,
  faultShapes.failure,
  faultShapes.hang,
  faultShapes.trickle,
  faultShapes.cut,
  faultShapes.truncated,
  faultShapes.oversized,
  faultShapes.redirect,
  faultShapes.body,
  faultShapes.delay,
  faultShapes.shift,
  faultShapes.swap,
  faultShapes.total,
  faultShapes['repeat-page'],
  faultShapes.clamp,
  faultShapes['short-page'],
  faultShapes['repeat-entries'],
  faultShapes.rows,
]);
