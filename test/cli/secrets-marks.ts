import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';

/** Begins every marked secret, and survives quoting, escaping and percent-encoding. */
const marks = { 'secret key': 'SKmarked7', 'database password': 'PWmarked7' } as const;

export const accessKey = 'marked-access-key';
/** With characters that JSON, YAML, URLs and regular expressions would write in another way. */
export const secretKey = `${marks['secret key']}"\\+é(/end`;
const password = `${marks['database password']}@/#%:end`;

/** Enough of a signature to be recognised. */
const recognisable = 10;

/**
 * Which secrets a text shows, even if only their beginning, or of a signature also its end.
 *
 * @param signatures the hex digits that were sent
 */
export function leaks(text: string, signatures: readonly string[] = []): string[] {
  const found = Object.entries(marks).filter(([, mark]) => text.toLowerCase().includes(mark.toLowerCase()));
  const shown = signatures.filter(
    (signature) =>
      text.includes(signature.slice(0, recognisable)) || text.includes(signature.slice(-recognisable)),
  );
  return [...found.map(([name]) => name), ...shown.map(() => 'signature')];
}

/** The signature in an Authorization header. */
export function signatureIn(authorization: string | undefined): string[] {
  const signature = authorization?.split('/').at(-1) ?? '';
  return /^[0-9a-f]{64}$/.test(signature) ? [signature] : [];
}

/** A database and a superuser of its own, whose password is marked. */
export async function markedDatabase() {
  const database = await testDatabase();
  const server = inject('postgresUrl');
  const role = `marked_${randomBytes(6).toString('hex')}`;
  await query(server, `create role ${role} login superuser password '${password}'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = encodeURIComponent(password);
  return {
    /** With the marked password. */
    url: url.href,
    role,
    password,
    ownUrl: database.url,
    close: async () => {
      await database.close();
      await query(server, `drop role ${role}`);
    },
  };
}

/** All that a database of this program holds, as text. */
export async function databaseText(url: string): Promise<string> {
  const tables = await query(
    url,
    `select table_name from information_schema.tables where table_schema = 'obs'`,
  );
  const contents = await Promise.all(
    tables.map(({ table_name }) => query(url, `select t::text as row from obs.${table_name} as t`)),
  );
  return contents
    .flat()
    .map(({ row }) => String(row))
    .join('\n');
}
