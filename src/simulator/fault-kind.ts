import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { ObsCodeRow } from './generated-list.ts';
import type { VdnList } from './lists.ts';

/** A page before it is cut out of the list, which faults can change. */
export interface PageDraft {
  readonly list: readonly unknown[];
  readonly total: unknown;
  readonly pageNum: number;
  readonly pageSize: number;
  /** Rows left out at the end of the page. */
  readonly missing: number;
  /** The answer for a page behind the end of the list, if not an empty list. */
  readonly behind?: BehindTheEnd;
}

export type BehindTheEnd = 'null' | 'missing' | 'failure' | 'last-page' | 400 | 404 | 500;

/** What a fault may know of the request that it meets. */
export interface Asked {
  /** The list of a VDN in the request's language, as it was so many edits ago. */
  readonly listOf: (edits: number, vdnId?: number) => readonly ObsCodeRow[];
  /** How many requests have met this fault, this one included. */
  readonly number: number;
  /** What was answered at each address while this fault has been there; by VDN, page number and page size. */
  readonly answered: Map<string, PageDraft>;
  readonly vdnId: number;
}

/** What a fault does to a request that meets it. */
export interface Effects {
  readonly delayMs?: number;
  /** Answers in place of the right answer, which `rightBody` gives. */
  readonly answer?: (response: ServerResponse, rightBody: () => string) => void;
  /** The answer spoils the right one, so that a request which gets none (a wrong signature) does not meet it. */
  readonly spoils?: true;
  /** Changes the list for good before it is read. */
  readonly edit?: (list: VdnList) => void;
  /** Changes what the page shows. */
  readonly bend?: (draft: PageDraft, asked: Asked) => PageDraft;
}

/** The field that the one value of the short form KIND:VALUE is for, and what makes a value of the text. */
export type ShortForm = readonly [field: string, read: (text: string) => unknown];

/** A fault is for every request it fits, or for the first `times`; with `page` only for that page number. */
const when = { times: z.int().positive().optional(), page: z.int().positive().optional() };

function shape<K extends string, Fields extends z.core.$ZodLooseShape>(kind: K, fields: Fields) {
  return z.strictObject({ kind: z.literal(kind), ...when }).extend(fields);
}

/** A kind of fault: its settings and what it does. */
export function fault<K extends string, Fields extends z.core.$ZodLooseShape>(
  kind: K,
  fields: Fields,
  effects: (told: z.output<ReturnType<typeof shape<K, Fields>>>) => Effects,
  short?: ShortForm,
) {
  const schema = shape(kind, fields).transform((told) => ({ told, ...effects(told) }));
  return { kind, schema, short };
}
