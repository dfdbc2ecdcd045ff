import type { Page } from '../../../src/domain/complete-snapshot.ts';
import { type Difference, diff } from '../../../src/domain/diff.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { type ComparedSnapshot, readSnapshot } from '../../../src/isales/read-snapshot.ts';

export interface Asked {
  readonly pageNum: number;
  readonly pageSize: number;
}

/** The list as it stands when the request with this number (from 1) is answered, or the whole page. */
export type Script = (asked: Asked, request: number) => readonly ResultCode[] | Page | Promise<Page>;

export interface Reading {
  /** In the order in which they were made. */
  readonly requests: readonly Asked[];
  readonly result: Promise<ComparedSnapshot>;
}

interface ReadingOptions {
  readonly pageSize?: number;
  /** Codes that are stored, all of them active. */
  readonly stored?: readonly ResultCode[];
  readonly signal?: AbortSignal;
}

/** Reads a list that a script serves, without HTTP, and keeps what was asked for. */
export function read(script: Script, options: ReadingOptions = {}): Reading {
  const { pageSize = 50, stored = [], signal = new AbortController().signal } = options;
  const requests: Asked[] = [];
  const result = readSnapshot({
    pageSize,
    signal,
    async fetchPage(pageNum, pageSize, signal) {
      requests.push({ pageNum, pageSize });
      const request = requests.length;
      // As HTTP does, it answers later than it is asked, and not at all once nobody wants the answer.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      const answer = await script({ pageNum, pageSize }, request);
      return 'total' in answer ? answer : pageOf(answer, { pageNum, pageSize });
    },
    compare: async (snapshot): Promise<Difference> =>
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
