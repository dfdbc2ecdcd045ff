import { violations } from '../support/invariants.ts';
import { query } from '../support/template-database.ts';
import type { BenchDatabase } from './bench-server.ts';
import type { SimulatorProcess } from './simulator-process.ts';

/** Lists that are compared code by code; of more VDNs than this, ones spread evenly. */
const mostCompared = 500;

/** How the active codes of a source differ from what its server has, and which rules the tables break. */
export async function differencesFromSource(
  { url }: BenchDatabase,
  source: string,
  simulator: SimulatorProcess,
  vdns: number,
): Promise<string[]> {
  const problems = await violations(url);
  const step = Math.max(1, Math.floor(vdns / mostCompared));
  const active = await activeCodes(url, source, step);
  for (let vdnId = step; vdnId <= vdns; vdnId += step) {
    const stored = active.get(vdnId) ?? {};
    const listed = Object.fromEntries(await simulator.list(vdnId));
    const codes = new Set([...Object.keys(stored), ...Object.keys(listed)]);
    const wrong = [...codes].filter((code) => stored[code] !== listed[code]);
    if (wrong.length > 0) problems.push(`VDN ${vdnId} of ${source} differs from its source in ${wrong}`);
  }
  return problems;
}

async function activeCodes(url: string, source: string, step: number) {
  const rows = await query(
    url,
    `select vdn_id, jsonb_object_agg(obs_code, obs_code_desc) as codes from obs.result_code
     where removed_at is null and source = '${source}' and vdn_id % ${step} = 0 group by vdn_id`,
  );
  return new Map(rows.map(({ vdn_id, codes }) => [Number(vdn_id), codes as Record<string, string | null>]));
}
