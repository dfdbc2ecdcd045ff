import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { errorBody, send } from './answers.ts';
import type { Account, AuthenticationRules } from './authentication.ts';
import { Absence, type AwayMode } from './away.ts';
import { type CertificateKind, makeCertificate } from './certificate.ts';
import { controlPrefix, handleControl } from './control.ts';
import { type Fault, FaultBook } from './faults.ts';
import { listen } from './listen.ts';
import { type BulkEdit, Lists, type VdnList, vdnList } from './lists.ts';
import { largestPageSize } from './parameters.ts';
import { type EditScript, FlowControl, handleRequest, type State } from './request-handler.ts';
import { RequestLog } from './request-log.ts';

export type { Account } from './authentication.ts';
export type { AwayMode } from './away.ts';
export type { CertificateKind } from './certificate.ts';
export type { Fault } from './faults.ts';
export type { ListedCode, ObsCodeRow } from './generated-list.ts';

/** The default account. */
export const demoAccount: Account = { accessKey: 'demo-access-key', secretKey: 'demo-secret-key' };

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly https?: boolean;
  /** With `https`; default `valid`. */
  readonly certificate?: CertificateKind;
  /** Default: `demoAccount`. */
  readonly accounts?: readonly Account[];
  /** Default 120. */
  readonly codesPerVdn?: number | ((vdnId: number) => number);
  /** Every answer comes so much later; default 0. */
  readonly latencyMs?: number;
  /** Pages are never longer than this; default 50, the interface's own limit. */
  readonly maxPageSize?: number;
  /** More requests a second are answered 429 without Retry-After; default: no limit. */
  readonly requestsPerSecond?: number;
  /** The Host that a balancer in front puts into every request; default: as it was sent. */
  readonly seenHost?: string;
  /** How far the server's clock is ahead, for its Date header and for timestamps; default 0. */
  readonly clockOffsetMs?: number;
  /** A timestamp that differs more from the server's clock is a 401; default 5 minutes. */
  readonly allowedSkewMs?: number;
  /** The only timestamps that are taken; default `either`. */
  readonly timestamp?: AuthenticationRules['timestamp'];
  /** The headers that must be signed, these and no others; default any with `host` among them. */
  readonly signedHeaders?: readonly string[];
  /** How many requests the log keeps, the newest; default 1,000. */
  readonly loggedRequests?: number;
}

/** One VDN: its list and its faults. */
export interface SimulatedVdn extends VdnList {
  /** Adds a fault; several on one VDN go together as far as they can, and in turn where each is a whole answer. */
  fault(fault: Fault): void;
  clearFaults(): void;
}

export interface Simulator {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** With HTTPS, the certificate that a client has to trust, in PEM. */
  readonly caPem: string | undefined;
  readonly requests: RequestLog;
  vdn(vdnId: number): SimulatedVdn;
  /** A fault for every VDN, after those of the VDN itself. */
  fault(fault: Fault): void;
  /** Ends the faults for every VDN; those of single VDNs stay. */
  clearFaults(): void;
  /**
   * Is away for every VDN.
   *
   * @param forMs for so long; undefined: for good
   */
  away(how: AwayMode, forMs?: number): Promise<void>;
  /** Lets a script edit the VDN's list before each of its requests; undefined ends that. */
  betweenRequests(vdnId: number, script: EditScript | undefined): void;
  /** Gives a share of all codes another description; returns how many. */
  rewrite(edit: BulkEdit): number;
  /** Ends at once, with requests under way. */
  close(): Promise<void>;
}

/** Starts a CC-iSales server that knows one interface, queryOBSResultCode, for the VDNs 1 to 9999. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, clockOffsetMs = 0 } = options;
  const state: State = {
    lists: new Lists(options.codesPerVdn ?? 120),
    faults: new FaultBook(),
    scripts: new Map(),
    requests: new RequestLog(options.loggedRequests ?? 1_000),
    rules: {
      accounts: options.accounts ?? [demoAccount],
      timestamp: options.timestamp ?? 'either',
      signedHeaders: options.signedHeaders,
      allowedSkewMs: options.allowedSkewMs ?? 5 * 60 * 1000,
      now: () => Date.now() + clockOffsetMs,
    },
    latencyMs: options.latencyMs ?? 0,
    maxPageSize: options.maxPageSize ?? largestPageSize,
    flowControl: new FlowControl(options.requestsPerSecond),
    seenHost: options.seenHost,
    clockOffsetMs,
  };
  const certificate = options.https ? await makeCertificate(options.certificate ?? 'valid') : undefined;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const handled = request.url?.startsWith(controlPrefix)
      ? handleControl({ ...state, absence }, request, response)
      : handleRequest(state, request, response);
    handled.catch((error: unknown) => fail(response, error));
  };
  const server = certificate ? createHttpsServer(certificate, answer) : createHttpServer(answer);
  const listening = await listen(server, certificate ? 'https' : 'http', host, port);
  const absence = new Absence(state.faults, listening);
  return {
    baseUrl: listening.baseUrl,
    caPem: certificate?.caPem,
    requests: state.requests,
    vdn: (vdnId) => ({
      ...vdnList(state.lists, vdnId),
      fault: (fault) => state.faults.add(vdnId, fault),
      clearFaults: () => state.faults.clear(vdnId),
    }),
    fault: (fault) => state.faults.add('all', fault),
    clearFaults: () => state.faults.clear('all'),
    away: (how, forMs) => absence.begin(how, forMs),
    betweenRequests: (vdnId, script) => {
      if (script === undefined) state.scripts.delete(vdnId);
      else state.scripts.set(vdnId, { edit: script, requests: 0 });
    },
    rewrite: (edit) => state.lists.rewrite(edit),
    close: async () => {
      await absence.end();
      await listening.close();
    },
  };
}

/** A mistake in what drives the simulator, a script that throws for instance: shown where it is noticed. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else send(response, 500, errorBody(500, `the simulator failed: ${String(error)}`));
}
