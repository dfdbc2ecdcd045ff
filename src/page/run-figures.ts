import { count, countOf } from '../domain/count-text.ts';
import { formatSpan } from '../domain/time-text.ts';
import type { RunEntry } from '../store/status.ts';

/** The newest run that has ended. */
export function lastEnded(runs: readonly RunEntry[]): RunEntry | undefined {
  return runs.find(({ status }) => status !== 'running');
}

export function changesOf({ codes }: RunEntry): number {
  return codes.added + codes.changed + codes.removed + codes.returned;
}

/** How long the run took, or has been under way. */
export function durationMs({ startedAt, finishedAt }: RunEntry, at: Date): number {
  return Math.max(0, (finishedAt ?? at).getTime() - startedAt.getTime());
}

const outcomes = ['unchanged', 'changed', 'failed', 'held', 'skipped', 'fresh'] as const;
const kinds = ['added', 'changed', 'removed', 'returned'] as const;

/** `9,990 unchanged, 4 changed`: what the VDNs of a run came to. */
export function vdnsInWords({ vdns }: RunEntry): string {
  return present(outcomes, vdns) || 'none';
}

/** `2 added, 1 removed`: what the run did to codes. */
export function codesInWords({ codes }: RunEntry): string {
  return present(kinds, codes) || 'none';
}

function present<Kind extends string>(all: readonly Kind[], counts: Readonly<Record<Kind, number>>): string {
  return all.flatMap((kind) => (counts[kind] > 0 ? [`${count(counts[kind])} ${kind}`] : [])).join(', ');
}

/** The run in one line. */
export function runInWords(run: RunEntry, at: Date): string {
  const { runId, startedAt, status, requests } = run;
  const started = startedAt.toISOString().slice(0, 16).replace('T', ' ');
  const took = `${status === 'running' ? 'for' : 'after'} ${formatSpan(durationMs(run, at))}`;
  return (
    `Run ${runId}, ${started} UTC: ${status} ${took}. VDNs: ${vdnsInWords(run)}. ` +
    `Codes: ${codesInWords(run)}. ${countOf(requests, 'request')}.`
  );
}
