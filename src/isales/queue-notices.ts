import { formatSpan } from '../domain/text.ts';
import { OutageError, VdnError } from '../errors.ts';

/** Messages about a server that keeps its requests waiting, each shown once. */

export function outageBegins(error: VdnError, leftMs: number): string {
  return (
    `the server is away: ${error.message} Its requests wait and use up no retries; one at a time probes whether it is back, ` +
    `for ${span(leftMs)} at most (outage).`
  );
}

export function outageEnds(lastedMs: number): string {
  return `the server answers again after ${span(lastedMs)}; the run goes on.`;
}

export function givenUp(reason: VdnError): string {
  return reason instanceof OutageError
    ? `the server is given up for this run: ${reason.message}`
    : `the VDNs that got no answer are given up, the others go on: ${reason.message}`;
}

export function pauseBegins(pauseMs: number, refusals: number): string {
  return refusals === 1
    ? `the server answered 429, too many requests. The next one is sent after ${span(pauseMs)}, and slower from there on; ` +
        'lower concurrency or set requestsPerSecond to avoid it.'
    : `the server answered 429 for the ${refusals}th time in a row. The next request is sent after ${span(pauseMs)}.`;
}

/** The error of the last probe of a server that stays away. */
export function outageError(last: VdnError, outageMs: number): OutageError {
  return new OutageError(
    last.code,
    `the server was away for longer than a run waits in all (outage: ${span(outageMs)}); the last attempt: ${last.message}`,
    { status: last.status },
  );
}

/** The error of a VDN whose requests got no answer for too long, where the VDN alone may be at fault. */
export function vdnError(last: VdnError, outageMs: number): VdnError {
  return new VdnError(
    last.code,
    `no answer for as long as a run waits in all (outage: ${span(outageMs)}); the last attempt: ${last.message}`,
    { status: last.status },
  );
}

/** The error of all other requests. */
export function sourceUnavailable({ message }: OutageError): OutageError {
  return new OutageError('source-unavailable', message);
}

function span(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : formatSpan(ms);
}
