import type { Change } from '../domain/diff.ts';
import { harmless } from '../domain/quote.ts';
import { vdnRanges } from '../domain/text.ts';
import { coloured, mostOnScreen, table } from './terminal.ts';

/** A change in every VDN of a source that has it. */
export interface SharedChange extends Change {
  readonly vdnIds: readonly number[];
}

/** A source often changes a code in all its VDNs: equal changes are shown once. */
export function sharedChanges(changes: Iterable<Change & { readonly vdnId: number }>): SharedChange[] {
  const same = Map.groupBy(changes, ({ kind, obsCode, before, after }) =>
    JSON.stringify([obsCode, kind, before, after]),
  );
  return [...same.values()]
    .flatMap((alike) =>
      alike.slice(0, 1).map((change) => ({ ...change, vdnIds: alike.map(({ vdnId }) => vdnId) })),
    )
    .sort((a, b) => (a.obsCode < b.obsCode ? -1 : a.obsCode > b.obsCode ? 1 : 0));
}

/** A difference row by row. Where it names VDNs, they are the last column; a side without any text has none. */
export function changesTable(changes: readonly (Change | SharedChange)[]): string {
  const befores = changes.some(({ kind }) => kind !== 'added');
  const afters = changes.some(({ kind }) => kind !== 'removed');
  const vdns = changes.some((change) => 'vdnIds' in change);
  const pick = (change: string, code: string, before: string, after: string, where: string) => [
    change,
    code,
    ...(befores ? [before] : []),
    ...(afters ? [after] : []),
    ...(vdns ? [where] : []),
  ];
  return table(
    pick('change', 'code', afters ? 'before' : 'description', befores ? 'after' : 'description', 'VDN'),
    changes.map((change) =>
      pick(
        coloured(kindColours[change.kind], change.kind),
        harmless(change.obsCode),
        describe(change.before),
        describe(change.after),
        'vdnIds' in change ? rangesOnScreen(change.vdnIds) : '',
      ),
    ),
  );
}

/** VDNs as ranges: on a screen the first dozen, elsewhere all. */
export function rangesOnScreen(vdnIds: readonly number[]): string {
  return vdnRanges(vdnIds, mostOnScreen(12));
}

const kindColours = { added: 'green', changed: 'yellow', removed: 'red', returned: 'cyan' } as const;

function describe(text: string | null): string {
  return text === null ? coloured('dim', '—') : harmless(text);
}
