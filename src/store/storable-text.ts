import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

/** The encoding of a database, and messages as it can hold them. */
export interface StorableText {
  readonly encoding: string;
  /** Messages may quote what a source sent: outside UTF8, what is not ASCII is escaped. */
  message(text: string): string;
}

/** Asks a database for its encoding. */
export async function storableText(db: Kysely<Database>): Promise<StorableText> {
  const { rows } = await sql<{ encoding: string }>`
    select current_setting('server_encoding') as encoding`.execute(db);
  const encoding = rows[0]?.encoding ?? 'UTF8';
  return { encoding, message: (text) => (encoding === 'UTF8' ? text : ascii(text)) };
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}
