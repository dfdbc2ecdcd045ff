import { createHash } from 'node:crypto';
import type { ResultCode } from './result-code.ts';

/** A VDN's codes, each once, by code. Only a `CompleteSnapshot` may be applied. */
export interface CodeList {
  readonly codes: ReadonlyMap<string, ResultCode>;
}

/** What is stored of one code of a VDN. */
export interface StoredCode {
  readonly obsCode: string;
  readonly obsCodeDesc: string | null;
  readonly removed: boolean;
}

export const changeKinds = ['added', 'changed', 'removed', 'returned'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/**
 * One difference between the source's list and the stored one. `before` and `after` are descriptions: null
 * where the source gave none, and where there is none on that side (`before` of an added, `after` of a
 * removed code). A returned code's `before` is the text it had when it was removed.
 */
export interface Change {
  readonly kind: ChangeKind;
  readonly obsCode: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Difference {
  /** Sorted by code, so that equal differences are equal in every representation. */
  readonly changes: readonly Change[];
  /** Active codes before; what the guard's shares are shares of. */
  readonly activeBefore: number;
}

export type ChangeCounts = Record<ChangeKind, number>;

/** Compares what is stored with what the source has now. */
export function diff(stored: Iterable<StoredCode>, list: CodeList): Difference {
  const changes: Change[] = [];
  const known = new Set<string>();
  let activeBefore = 0;
  for (const row of stored) {
    known.add(row.obsCode);
    if (!row.removed) activeBefore++;
    const change = changeOf(row, list.codes.get(row.obsCode));
    if (change) changes.push(change);
  }
  for (const { obsCode, obsCodeDesc: after } of list.codes.values()) {
    if (!known.has(obsCode)) changes.push({ kind: 'added', obsCode, before: null, after });
  }
  changes.sort((a, b) => (a.obsCode < b.obsCode ? -1 : 1));
  return { changes, activeBefore };
}

function changeOf(
  { obsCode, obsCodeDesc: before, removed }: StoredCode,
  listed: ResultCode | undefined,
): Change | undefined {
  if (listed === undefined) return removed ? undefined : { kind: 'removed', obsCode, before, after: null };
  const after = listed.obsCodeDesc;
  if (removed) return { kind: 'returned', obsCode, before, after };
  return before === after ? undefined : { kind: 'changed', obsCode, before, after };
}

/** Whether two differences are the same, change by change. */
export function sameChanges(one: readonly Change[], other: readonly Change[]): boolean {
  return (
    one.length === other.length &&
    one.every((change, index) => {
      const { kind, obsCode, before, after } = other[index] ?? {};
      return (
        change.kind === kind &&
        change.obsCode === obsCode &&
        change.before === before &&
        change.after === after
      );
    })
  );
}

/** How many changes there are of each kind. */
export function countChanges(changes: readonly Change[]): ChangeCounts {
  const counts: ChangeCounts = { added: 0, changed: 0, removed: 0, returned: 0 };
  for (const { kind } of changes) counts[kind]++;
  return counts;
}

/**
 * The name under which a held difference is approved: 16 hex digits of SHA-256 over the source and the
 * sorted changes, without the VDN, so that one approval covers the same change in 500 VDNs.
 */
export function planOf(source: string, { changes }: Difference): string {
  return hashOf([source, changes.map((c) => [c.kind, c.obsCode, c.before, c.after])]);
}

/**
 * The name under which all that a source has held is approved at once: 16 hex digits of SHA-256 over the source, its
 * held VDNs and their plans, so that it approves only these.
 */
export function planOfAll(
  source: string,
  held: readonly { readonly vdnId: number; readonly plan: string }[],
): string {
  const sorted = held.toSorted((a, b) => a.vdnId - b.vdnId);
  return hashOf([source, sorted.map(({ vdnId, plan }) => [vdnId, plan])]);
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
