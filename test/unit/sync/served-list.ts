import { expect } from 'vitest';
import type { Page } from '../../../src/domain/complete-snapshot.ts';
import { diff } from '../../../src/domain/diff.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { type ComparedSnapshot, readSnapshot } from '../../../src/sync/read-snapshot.ts';

export interface Asked {
  readonly pageNum: number;
  readonly pageSize: number;
  readonly behind?: boolean;
}

/** The list as it stands when the request with this number (from 1) is answered, or the whole page. */
export type Script = (asked: Asked, request: number) => readonly ResultCode[] | Page | Promise<Page>;

export interface Reading {
  /** In the order in which they were made. */
  readonly requests: readonly Asked[];
  readonly result: Promise<ComparedSnapshot>;
}

type Options = Parameters<typeof readSnapshot>[0];

interface ReadingOptions
  extends Partial<Pick<Options, 'pageSize' | 'signal' | 'beforeConfirming' | 'conflictingDescriptions'>> {
  /** Codes that are stored, all of them active. */
  readonly stored?: readonly ResultCode[];
}

/** Reads a list that a script serves, without HTTP, and keeps what was asked for. */
export function read(script: Script, options: ReadingOptions = {}): Reading {
  const { stored = [], ...others } = options;
  const requests: Asked[] = [];
  const result = readSnapshot({
    pageSize: 50,
    signal: new AbortController().signal,
    ...others,
    async fetchPage(pageNum, pageSize, { signal, behind = false }) {
      const asked = { pageNum, pageSize, behind };
      requests.push(asked);
      const request = requests.length;
      // As HTTP does, it answers later than it is asked, and not at all once the answer is not wanted any more.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      const answer = await script(asked, request);
      return 'total' in answer ? answer : pageOf(answer, asked);
    },
    compare: (snapshot) =>
      diff(
        stored.map((row) => ({ ...row, removed: false })),
        snapshot,
      ),
  });
  return { requests, result };
}

/** One page cut out of a list. */
export function pageOf(list: readonly ResultCode[], { pageNum, pageSize }: Asked): Page {
  return { total: list.length, rows: list.slice((pageNum - 1) * pageSize, pageNum * pageSize) };
}

export const pagesAsked = (requests: readonly Asked[]) => requests.map(({ pageNum }) => pageNum);
export const readsMade = (requests: readonly Asked[]) =>
  requests.filter(({ pageNum }) => pageNum === 1).length;
export const incomplete = (message: RegExp) =>
  expect.objectContaining({ code: 'incomplete-snapshot', message: expect.stringMatching(message) });
