import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { type CommandResult, run } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { migrate, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

// Its certificate is for localhost and 127.0.0.1; 127.0.0.2 reaches the same server under a name that is not in it.
const server = await startEmbeddedServer({
  tls: true,
  settings: { listen_addresses: '127.0.0.1,127.0.0.2' },
});
const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
const verified = `sslmode=verify-full&sslrootcert=${server.caFile}`;

afterAll(() => Promise.all([server.close(), simulator.close()]));

/** In a process of its own where it gets variables, which Node reads at its start, or may warn, which it does once. */
async function sync(url: string, env?: Readonly<Record<string, string>>): Promise<CommandResult> {
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url },
    sources: [{ baseUrl: simulator.baseUrl, vdns: [1] }],
  });
  const args = ['sync', '--json'];
  return env === undefined ? call(args, config) : run(args, { config, env });
}

/** Log lines aside: what else is said on stderr. */
function said({ stderr }: CommandResult): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
}

describe('the database over TLS', () => {
  beforeAll(async () => {
    await migrate(`${server.url}?${verified}`);
  });

  test('sslmode=verify-full with a CA file: every session is encrypted, and nothing is said about it', async () => {
    const url = `${server.url}?${verified}`;
    await query(
      url,
      `create table public.sessions (pid integer, ssl boolean);
       create function public.note_session() returns trigger language plpgsql as $$ begin
         insert into public.sessions select pid, ssl from pg_stat_ssl join pg_stat_activity using (pid)
           where application_name = 'obs-code-sync';
         return null;
       end $$;
       create trigger note_session after insert or update on obs.vdn execute function public.note_session()`,
    );
    const result = await sync(url, {});
    expect(result.exitCode).toBe(0);
    expect(said(result)).toEqual([]);
    // The lock's connection and the one that writes.
    expect(
      await query(
        url,
        'select count(distinct pid)::integer > 1 as several, bool_and(ssl) as ssl from public.sessions',
      ),
    ).toEqual([{ several: true, ssl: true }]);
  });

  test.each(['require', 'verify-ca', 'prefer'])(
    'sslmode=%s verifies as fully, without a warning',
    async (mode) => {
      const trusted = await sync(`${server.url}?sslmode=${mode}&sslrootcert=${server.caFile}`, {});
      expect(trusted).toMatchObject({ exitCode: 0 });
      expect(said(trusted)).toEqual([]);
    },
  );

  test('sslrootcert=system trusts what this machine trusts, and verifies fully', async () => {
    const env = { SSL_CERT_FILE: server.caFile ?? '' };
    const url = `${server.url}?sslmode=require&sslrootcert=system`;
    expect(await sync(url, env)).toMatchObject({ exitCode: 0 });
    expect(await sync(url, {})).toMatchObject({ exitCode: 7 });
    expect(await sync(url.replace('127.0.0.1', '127.0.0.2'), env)).toMatchObject({ exitCode: 7 });
  });

  const refused: Record<string, { url: () => string | Promise<string>; exitCode: number; says: string }> = {
    'a certificate of an unknown authority': {
      url: () => `${server.url}?sslmode=verify-full`,
      exitCode: 7,
      says: 'self-signed certificate. Name the file with its authority as sslrootcert',
    },
    'a certificate for another name': {
      url: () => `${server.url.replace('127.0.0.1', '127.0.0.2')}?${verified}`,
      exitCode: 7,
      says: "does not match certificate's altnames",
    },
    'a server that wants TLS where the URL has none': {
      url: () => server.url,
      exitCode: 7,
      says: 'no encryption',
    },
    'a CA file that is not there': {
      url: () => `${server.url}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem`,
      exitCode: 2,
      says: '/nowhere/ca.pem',
    },
    'a CA file that is none': {
      url: async () => {
        const file = path.join(await temporaryDirectory(), 'ca.pem');
        await writeFile(file, 'no certificate');
        return `${server.url}?sslmode=verify-full&sslrootcert=${file}`;
      },
      exitCode: 7,
      says: 'self-signed certificate. Name the file with its authority as sslrootcert',
    },
  };

  test.each(Object.keys(refused))('refused: %s', async (name) => {
    const { url, exitCode, says } = refused[name] ?? { url: () => '', exitCode: 0, says: '' };
    const result = await sync(await url());
    expect(result.exitCode).toBe(exitCode);
    expect(result.json()).toMatchObject({
      status: 'refused',
      error: { message: expect.stringContaining(says) },
    });
    expect(said(result)).toHaveLength(1);
    expect(result.stderr).not.toContain('postgres:postgres');
  });
});
