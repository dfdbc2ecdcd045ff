import { createServer } from 'node:http';
import { startSimulator } from '../../src/simulator/index.ts';
import { start } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { peakMemory } from '../support/peak-memory.ts';
import { query } from '../support/template-database.ts';
import { codesPerVdn, type FaultCase, pageSize, retries } from './faults-table.ts';

/** A source of its own for each fault, so that one does not pause or break off the others. */
export type FaultySource = Awaited<ReturnType<typeof startSource>>;

/** The VDNs of every source: two that are stored before the fault, and one that never was. */
export const vdns = { faulty: 1, healthy: 2, first: 3 } as const;

export type World = Awaited<ReturnType<typeof throughFaults>>;

/** Three runs over all sources: before their faults, while they are there, and once they are over. */
export async function throughFaults(
  url: string,
  directory: string,
  prefix: string,
  cases: readonly FaultCase[],
) {
  const sources = await Promise.all(
    cases.map((faultCase, index) => startSource(`${prefix}-${index}`, faultCase)),
  );
  const guard = { removedShare: 1, rewrittenShare: 1 };
  const settings = sources.map(sourceSettings);
  const config = await writeConfig(directory, { database: { url }, guard, sources: settings });
  const sync = (...args: string[]) => call(['sync', '--json', ...args], config);
  try {
    const first = await sync('--vdn', `${vdns.faulty},${vdns.healthy}`);
    sources.forEach(disturb);
    const before = await storedVdns(url);
    // In a process of its own, whose memory is measured.
    const command = start(['sync', '--json'], { config, timeoutMs: 150_000 });
    const [faulty, peakMib] = await Promise.all([command.exit, peakMemory(command)]);
    const after = await storedVdns(url);
    const requests = sources.map(({ simulator }) => simulator.requests.entries(vdns.faulty));
    sources.forEach(calm);
    const healed = await sync();
    const healedStored = await storedVdns(url);
    const lists = sources.map(({ simulator }) => ({
      [vdns.faulty]: simulator.vdn(vdns.faulty).list(),
      [vdns.healthy]: simulator.vdn(vdns.healthy).list(),
      [vdns.first]: simulator.vdn(vdns.first).list(),
    }));
    return { sources, lists, first, before, faulty, peakMib, after, requests, healed, healedStored };
  } finally {
    for (const { simulator } of sources) await simulator.close();
  }
}

async function startSource(name: string, faultCase: FaultCase) {
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn });
  return { name, simulator, faultCase };
}

function sourceSettings({ name, simulator, faultCase }: FaultySource) {
  const vdnIds = Object.values(vdns);
  return { name, baseUrl: simulator.baseUrl, vdns: vdnIds, pageSize, retries, ...faultCase.source };
}

/** Changes the lists that were read already, and sets the fault. */
function disturb({ simulator, faultCase }: FaultySource): void {
  for (const vdnId of [vdns.faulty, vdns.healthy]) {
    const list = simulator.vdn(vdnId);
    list.remove('00603');
    list.change('00605', 'Engaged.');
    list.add('77777', 'New.', 1);
  }
  for (const vdnId of [vdns.faulty, vdns.first]) simulator.vdn(vdnId).fault(faultCase.fault);
  simulator.requests.reset();
}

function calm({ simulator }: FaultySource): void {
  for (const vdnId of Object.values(vdns)) simulator.vdn(vdnId).clearFaults();
}

/** What is stored of a VDN, and the versions of its rows, which every write renews. */
export interface StoredVdn {
  readonly vdn: Readonly<Record<string, unknown>>;
  readonly codes: { obsCode: string; obsCodeDesc: string | null }[];
  readonly codeVersions: string;
}

/** By `source/vdn`. */
async function storedVdns(url: string): Promise<Map<string, StoredVdn>> {
  const rows = await query(
    url,
    `select v.source || '/' || v.vdn_id as name, row_to_json(v) as vdn,
       coalesce((select json_agg(json_build_object('obsCode', obs_code, 'obsCodeDesc', obs_code_desc)
          order by obs_code collate "C")
        from obs.active_result_code as c where (c.source, c.vdn_id) = (v.source, v.vdn_id)), '[]') as codes,
       concat((select string_agg(c.ctid || ' ' || c.xmin, ' ' order by c.ctid) from obs.result_code as c
         where (c.source, c.vdn_id) = (v.source, v.vdn_id)), ' and ',
        (select string_agg(h.ctid || ' ' || h.xmin, ' ' order by h.ctid) from obs.result_code_history as h
         where (h.source, h.vdn_id) = (v.source, v.vdn_id)), ' and ',
        (select plan from obs.held_change as held where (held.source, held.vdn_id) = (v.source, v.vdn_id))
       ) as "codeVersions"
     from obs.vdn as v`,
  );
  return new Map(
    rows.map(({ name, vdn, codes, codeVersions }) => [
      String(name),
      {
        vdn: vdn as StoredVdn['vdn'],
        codes: codes as StoredVdn['codes'],
        codeVersions: String(codeVersions),
      },
    ]),
  );
}

/** Another host, which counts who comes. */
export async function listenElsewhere() {
  let connections = 0;
  const server = createServer((_, response) => response.end('{}'));
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.2:${port}/rest/isales/v1/openapi/campaigns/1/queryOBSResultCode`,
    connections: () => connections,
    close: () => server.close(),
  };
}
