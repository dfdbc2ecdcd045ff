import { type Change, changeKinds } from '../domain/diff.ts';
import { harmless } from '../domain/quote.ts';
import { formatSpan } from '../domain/time-text.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { RunSummary } from '../sync/summary.ts';
import { coloured, print, table } from './terminal.ts';

/** A summary that a person reads; beyond this many VDNs the log and `status` are the better place. */
const mostListed = 50;

/** Prints a run's summary for people. */
export function printSummary(summary: RunSummary): void {
  const { runId, vdns, codes, requests, durationMs, outcomes } = summary;
  const name = summary.dryRun ? 'Dry run' : `Run ${runId}`;
  print(`${name} ${statusText(summary)} in ${formatSpan(durationMs)}, ${requests} requests`, '');
  print(
    `VDNs   ${vdns.total} in all${counted(vdns, ['unchanged', 'changed', 'failed', 'held', 'skipped', 'fresh'])}`,
  );
  print(`Codes  ${counted(codes, changeKinds).slice(2) || 'no changes'}`);
  if (outcomes.length > 0) printOutcomes(outcomes);
  for (const { source, vdnId, changes } of outcomes) {
    if (changes && changes.length > 0) print('', `${source}, VDN ${vdnId}:`, changesTable(changes));
  }
  if (summary.error) print('', coloured('red', harmless(summary.error.message)));
}

/** The counts that are not zero, each after a comma. */
export function counted<Kind extends string>(
  counts: Readonly<Record<Kind, number>>,
  kinds: readonly Kind[],
): string {
  return kinds.map((kind) => (counts[kind] > 0 ? `, ${counts[kind]} ${kind}` : '')).join('');
}

/** A difference row by row. */
export function changesTable(changes: readonly Change[]): string {
  return table(
    ['change', 'code', 'before', 'after'],
    changes.map(({ kind, obsCode, before, after }) => [
      coloured(kindColours[kind], kind),
      harmless(obsCode),
      describe(before),
      describe(after),
    ]),
  );
}

export const kindColours = { added: 'green', changed: 'yellow', removed: 'red', returned: 'cyan' } as const;

const statusColours = {
  succeeded: 'green',
  partial: 'yellow',
  failed: 'red',
  interrupted: 'red',
  refused: 'red',
} as const;

function statusText({ status, exitCode }: RunSummary): string {
  return coloured(statusColours[status], exitCode === 0 ? status : `${status} (exit code ${exitCode})`);
}

/** Those that were skipped come last, one row for each reason: after Ctrl-C they must not bury what was done. */
function printOutcomes(outcomes: RunSummary['outcomes']): void {
  const attempted = outcomes.filter(({ outcome }) => outcome !== 'skipped');
  const skipped = outcomes.filter(({ outcome }) => outcome === 'skipped');
  const alike = Map.groupBy(skipped, ({ source, errorCode, message }) =>
    JSON.stringify([source, errorCode, message]),
  );
  const rows = [...attempted.slice(0, mostListed).map((outcome) => [outcome]), ...alike.values()];
  print('', table(['source', 'VDN', 'outcome', 'what happened'], rows.flatMap(outcomeRow)));
  if (attempted.length > mostListed)
    print(`… and ${attempted.length - mostListed} more; \`status\` and --json list all`);
}

/** VDNs that came to the same, as one row. */
function outcomeRow(alike: RunSummary['outcomes']): string[][] {
  const ranges = vdnRanges(alike.map(({ vdnId }) => vdnId));
  return alike
    .slice(0, 1)
    .map(({ source, outcome, codes, errorCode, message }) => [
      source,
      ranges,
      errorCode === undefined ? outcome : `${outcome}: ${errorCode}`,
      codes ? counted(codes, changeKinds).slice(2) : harmless(message ?? ''),
    ]);
}

export function describe(text: string | null): string {
  return text === null ? coloured('dim', '—') : harmless(text);
}
