import pg from 'pg';
import { afterAll } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';

/** The list of a VDN as it was read at an instant: code to description. */
export interface ReadList {
  readonly at: string;
  readonly codes: Readonly<Record<string, string | null>>;
}

interface Version {
  readonly code: string;
  readonly text: string | null;
  readonly from: string;
  readonly fromRun: number;
  to: string | null;
  toRun: number | null;
}

/** A database of the test file's own and a client in its schema, both closed after the file's last test. */
export async function reportingDatabase(): Promise<{ url: string; client: pg.Client }> {
  const database = await testDatabase();
  const client = new pg.Client({ connectionString: database.url, options: '-c timezone=UTC' });
  await client.connect();
  await client.query('set search_path = obs, pg_temp');
  afterAll(async () => {
    await client.end();
    await database.close();
  });
  return { url: database.url, client };
}

/** Stores what reading a VDN's lists one after the other, as runs 1, 2, …, leaves in the tables. */
export async function storeLists(
  client: pg.Client,
  source: string,
  vdnId: number,
  lists: readonly ReadList[],
): Promise<void> {
  const versions: Version[] = [];
  const changed = new Map<string, string>();
  for (const [index, { at, codes }] of lists.entries()) {
    const run = index + 1;
    const current = versions.filter(({ to }) => to === null);
    for (const version of current) {
      if (codes[version.code] === version.text) continue;
      Object.assign(version, { to: at, toRun: run });
      changed.set(version.code, at);
    }
    for (const [code, text] of Object.entries(codes)) {
      if (current.some((version) => version.code === code && version.to === null)) continue;
      versions.push({ code, text, from: at, fromRun: run, to: null, toRun: null });
      changed.set(code, at);
    }
  }
  await insertVersions(client, source, vdnId, versions);
  await insertCodes(client, source, vdnId, changed);
  await insertVdn(client, source, vdnId, lists);
}

async function insertVersions(
  client: pg.Client,
  source: string,
  vdnId: number,
  versions: readonly Version[],
) {
  await client.query(
    `insert into result_code_history
     select $1, $2, v.code, v."from", v.text, v."to", v."fromRun", v."toRun"
     from jsonb_to_recordset($3) as v (
       code text, text text, "from" timestamptz, "to" timestamptz, "fromRun" integer, "toRun" integer)`,
    [source, vdnId, JSON.stringify(versions)],
  );
}

async function insertCodes(
  client: pg.Client,
  source: string,
  vdnId: number,
  changed: ReadonlyMap<string, string>,
) {
  await client.query(
    `insert into result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at, removed_at)
     select distinct on (obs_code) source, vdn_id, obs_code, obs_code_desc,
       min(valid_from) over (partition by obs_code), ($3::jsonb ->> obs_code)::timestamptz, valid_to
     from result_code_history
     where source = $1 and vdn_id = $2
     order by obs_code, valid_from desc`,
    [source, vdnId, JSON.stringify(Object.fromEntries(changed))],
  );
}

async function insertVdn(client: pg.Client, source: string, vdnId: number, lists: readonly ReadList[]) {
  const last = lists.at(-1);
  await client.query(
    `insert into vdn (source, vdn_id, code_count, first_verified_at, last_verified_at, last_attempt_at, last_outcome)
     values ($1, $2, $3, $4, $5, $5, 'changed')`,
    [source, vdnId, Object.keys(last?.codes ?? {}).length, lists[0]?.at ?? null, last?.at ?? null],
  );
}

/** The rows of a query. */
export async function rowsOf(client: pg.Client, query: string, values: readonly unknown[] = []) {
  const { rows } = await client.query<Record<string, unknown>>(query, [...values]);
  return rows;
}
