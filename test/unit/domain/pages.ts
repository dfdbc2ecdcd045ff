import type { Page } from '../../../src/domain/complete-snapshot.ts';
import { CompleteSnapshot } from '../../../src/domain/complete-snapshot.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';

/** `count` entries from `00001` on, each with a description of its own. */
export function entries(count: number): ResultCode[] {
  return Array.from({ length: count }, (_, index) => entry(String(index + 1).padStart(5, '0')));
}

export function entry(obsCode: string, obsCodeDesc: string | null = `Text of ${obsCode}.`): ResultCode {
  return { obsCode, obsCodeDesc };
}

/** The pages as a server cuts them from a list that stands still. */
export function pagesOf(rows: readonly ResultCode[], pageSize: number): Page[] {
  const count = Math.max(1, Math.ceil(rows.length / pageSize));
  return Array.from({ length: count }, (_, index) => ({
    total: rows.length,
    rows: rows.slice(index * pageSize, (index + 1) * pageSize),
  }));
}

/** The snapshot of a list that was read in one page. */
export function snapshotOf(rows: readonly ResultCode[]): CompleteSnapshot {
  const pageSize = Math.max(1, rows.length);
  const result = CompleteSnapshot.prove(pagesOf(rows, pageSize), pageSize);
  if (result.kind !== 'complete') throw new Error(`the list is ${result.kind}`);
  return result.snapshot;
}
