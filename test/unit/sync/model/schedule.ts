import { setImmediate } from 'node:timers/promises';
import type { Page } from '../../../../src/domain/complete-snapshot.ts';
import { type Difference, diff } from '../../../../src/domain/diff.ts';
import { VdnError, type VdnErrorCode } from '../../../../src/errors.ts';
import type { readSnapshot } from '../../../../src/sync/read-snapshot.ts';
import type { Chance } from './chance.ts';
import type { EditedList } from './edited-list.ts';
import type { Ask } from './worlds.ts';

export interface Reading {
  /** Why the list was refused, where it was. */
  readonly failed: VdnErrorCode | undefined;
  readonly removed: number;
  /** Codes taken for removed although they were in the list all the time. */
  readonly wrong: readonly string[];
}

/** The answers to requests that are under way at once: in which order, and how many edits come before each. */
export type Timing = (underWay: number) => readonly { readonly index: number; readonly edits: number }[];

/** Any order, and before three answers of ten one or two edits. */
export function atRandom(chance: Chance): Timing {
  return (underWay) =>
    chance
      .shuffled(Array.from({ length: underWay }, (_, index) => index))
      .map((index) => ({ index, edits: chance.happens(3) ? 1 + chance.below(2) : 0 }));
}

/** All that can happen with this many edits: each answer comes after any number of those that are left. */
export function anyhow(chance: Chance, edits: number): Timing {
  let left = edits;
  return (underWay) => {
    const after = Array.from({ length: underWay }, (_, index) => ({ index, after: chance.below(left + 1) }));
    let made = 0;
    const timing = after
      .sort((a, b) => a.after - b.after)
      .map(({ index, after }) => {
        const edits = after - made;
        made = after;
        return { index, edits };
      });
    left -= made;
    return timing;
  };
}

export type Reader = (options: Parameters<typeof readSnapshot>[0]) => Promise<{ difference: Difference }>;

/** A reader reads a list that is edited before its answers, and compares it with what the list was at first. */
export async function readWhileEdited(
  reader: Reader,
  list: EditedList,
  pageSize: number,
  timing: Timing,
  answer: (ask: Ask) => Page,
): Promise<Reading> {
  // What a signal refers to weakly is kept until the event loop goes on, and nothing else here waits for that.
  await setImmediate();
  const stored = list.rows.map((row) => ({ ...row, removed: false }));
  try {
    const { difference } = await reader({
      pageSize,
      signal: new AbortController().signal,
      fetchPage: answered(list, timing, answer),
      compare: (snapshot) => diff(stored, snapshot),
    });
    const removed = difference.changes.flatMap(({ kind, obsCode }) => (kind === 'removed' ? obsCode : []));
    const wrong = removed.filter((obsCode) => list.throughout.has(obsCode));
    return { failed: undefined, removed: removed.length, wrong };
  } catch (error) {
    if (!(error instanceof VdnError)) throw error;
    return { failed: error.code, removed: 0, wrong: [] };
  }
}

function answered(list: EditedList, timing: Timing, answer: (ask: Ask) => Page) {
  let underWay: (() => void)[] = [];
  return (pageNum: number, pageSize: number) =>
    new Promise<Page>((resolve, reject) => {
      // Once all requests that are made at once have been made.
      if (underWay.length === 0) {
        queueMicrotask(() => {
          const answers = underWay;
          underWay = [];
          for (const { index, edits } of timing(answers.length)) {
            for (let made = 0; made < edits; made++) list.edit();
            answers[index]?.();
          }
        });
      }
      underWay.push(() => {
        try {
          resolve(answer({ pageNum, pageSize }));
        } catch (error) {
          reject(error);
        }
      });
    });
}
