import { z } from 'zod';

/** A fault is for every request it fits, or for the first `times`; with `page` only for that page number. */
const when = { times: z.int().positive().optional(), page: z.int().positive().optional() };

/** What can be told about one kind of fault. */
export function shape<K extends string, Fields extends z.core.$ZodLooseShape>(kind: K, fields: Fields) {
  return z.strictObject({ kind: z.literal(kind), ...when }).extend(fields);
}

/** The field that the one value of the short form KIND:VALUE is for, and what makes a value of the text. */
export type ShortForm = readonly [field: string, read: (text: string) => unknown];
