import type { Edited } from './contestants.ts';
import type { Measured } from './measure.ts';
import type { Scene } from './scene.ts';
import { pagesOf, type Situation } from './situation.ts';

/** Results that do not depend on the machine. */
export interface Expectation {
  /** By the simulator's count. */
  readonly requests: number;
  /** By Postgres's own statistics; a table that is not named must not be written. */
  readonly rowsWritten: Readonly<Record<string, number>>;
  /** Code changes that a summary must state. */
  readonly codes?: Readonly<Record<'added' | 'changed' | 'removed' | 'returned', number>>;
  /** Rows that a loop must have seen. */
  readonly rows?: number;
  /** Whether the database must then hold what the source has. */
  readonly likeSource?: boolean;
}

/** The run's own row is written when it starts and when it ends. */
const runRows = { sync_run: 2, source: 1 };
const noChanges = { added: 0, changed: 0, removed: 0, returned: 0 };

export const loop = ({ situation: { vdns, codes } }: Scene): Expectation => ({
  requests: vdns * pagesOf(codes),
  rowsWritten: {},
  rows: vdns * codes,
});

/** It asks for pages until one is empty, and writes every row every time. */
export const usualWay = ({ situation: { vdns, codes } }: Scene): Expectation => ({
  requests: vdns * (pagesOf(codes) + 1),
  rowsWritten: { usual_code: vdns * codes },
  rows: vdns * codes,
});

export const firstSync = ({ situation: { vdns, codes } }: Scene): Expectation => ({
  requests: vdns * pagesOf(codes),
  rowsWritten: {
    ...runRows,
    result_code: vdns * codes,
    result_code_history: vdns * codes,
    // One row each before the run begins, and one update when its list is verified.
    vdn: 2 * vdns,
    sync_run_vdn: vdns,
  },
  codes: { ...noChanges, added: vdns * codes },
  likeSource: true,
});

/** Unchanged VDNs cost one row each, of `vdn`; changed ones a row for each change, its history and the run's log. */
export function laterSync(
  { situation: { vdns, codes } }: Scene,
  { rewritten, removed }: Edited,
  vdnsChanged: number,
): Expectation {
  return {
    requests: vdns * pagesOf(codes) + removed * requestsMoreForLoss(codes),
    rowsWritten: {
      ...runRows,
      result_code: rewritten + removed,
      result_code_history: 2 * rewritten + removed,
      vdn: vdns,
      sync_run_vdn: vdnsChanged,
    },
    codes: { ...noChanges, changed: rewritten, removed },
    likeSource: true,
  };
}

export const nothingWritten = (
  { situation: { vdns, codes } }: Scene,
  { rewritten, removed }: Edited,
): Expectation => ({
  requests: vdns * pagesOf(codes),
  rowsWritten: {},
  codes: { ...noChanges, changed: rewritten, removed },
});

/** A list that lost one of its codes may need a page less, and is read twice where it still has several. */
function requestsMoreForLoss(codesBefore: number): number {
  const pages = pagesOf(codesBefore - 1);
  return (pages > 1 ? 2 * pages : pages) - pagesOf(codesBefore);
}

/** Results that are wrong; empty where none is. */
export function deviations(
  measured: Measured,
  expected: Expectation,
  { concurrency }: Pick<Situation, 'concurrency'>,
): string[] {
  const problems: string[] = [];
  const must = (what: string, is: unknown, should: unknown): void => {
    if (is !== should) problems.push(`${what}: ${is} where ${should} must be`);
  };
  must('exit code', measured.exitCode, 0);
  must('requests', measured.requests, expected.requests);
  if (measured.summary)
    must('requests as the summary has them', measured.summary.requests, expected.requests);
  must('answers other than 200', measured.requests - measured.answered, 0);
  if (measured.mostAtOnce > concurrency) {
    problems.push(`${measured.mostAtOnce} requests at once where ${concurrency} are allowed`);
  }
  for (const table of Object.keys({ ...measured.rowsWritten, ...expected.rowsWritten })) {
    must(`rows written to ${table}`, measured.rowsWritten[table], expected.rowsWritten[table] ?? 0);
  }
  must('deadlocks', measured.deadlocks, 0);
  if (expected.rows !== undefined) must('rows seen', measured.rows, expected.rows);
  for (const [kind, count] of Object.entries(expected.codes ?? {})) {
    must(`codes ${kind}`, measured.summary?.codes[kind], count);
  }
  return problems;
}
