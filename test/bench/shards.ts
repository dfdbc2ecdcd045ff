import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { print, table } from '../../src/commands/terminal.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { query } from '../support/template-database.ts';
import { type Effects, sum, watching } from './effects.ts';
import { measureProcess, obsCodeSync } from './measured-process.ts';
import { seconds, whole } from './report.ts';
import type { BenchContext } from './rounds.ts';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts';
import { pagesOf } from './situation.ts';
import { differencesFromSource } from './source-comparison.ts';

const servers = 8;
const shards = 4;
const codes = 120;
const concurrency = 4;

/** All shards at once, over all servers, on one database. */
export interface ShardsPoint extends Effects {
  readonly kind: 'cold' | 'unchanged';
  readonly vdnsPerServer: number;
  /** Until the last shard has ended. */
  readonly wallMs: number;
  /** Of all shards. */
  readonly cpuMs: number;
  /** Largest of a shard. */
  readonly peakMib: number;
  /** The share of the database in all processor time that was used. */
  readonly databaseShare: number;
}

const summaryShape = z.object({
  exitCode: z.number(),
  vdns: z.object({ total: z.number() }),
  codes: z.object({ added: z.number() }),
});

/** Eight servers, worked on by four processes at the same time: first cold, then unchanged. */
export async function measureShards(vdnsPerServer: number, context: BenchContext): Promise<ShardsPoint[]> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-bench-'));
  const database = await context.server.createDatabase('bench_shards');
  const simulators = await Promise.all(
    Array.from({ length: servers }, () => startSimulatorProcess({ codes, latencyMs: 0 })),
  );
  try {
    const config = await writeConfig(directory, {
      database: { url: database.url },
      sources: simulators.map(({ baseUrl }, index) => ({
        ...{ name: nameOf(index), baseUrl, vdns: [`1-${vdnsPerServer}`], concurrency },
        ...testKeys,
      })),
    });
    const points: ShardsPoint[] = [];
    for (const kind of ['cold', 'unchanged'] as const) {
      context.progress(`${shards} shards over ${servers} servers, ${kind}`);
      const watched = { server: context.server, simulators, database };
      const [processes, effects] = await watching(watched, () => runShards(config, context.profiles));
      const point = pointOf(kind, vdnsPerServer, processes, effects);
      points.push(point);
      const added = kind === 'cold' ? servers * vdnsPerServer * codes : 0;
      const problems = [
        ...problemsOf(processes, point, added),
        ...(await totalProblems(database.url, vdnsPerServer)),
      ];
      for (const [index, simulator] of simulators.entries()) {
        problems.push(...(await differencesFromSource(database, nameOf(index), simulator, vdnsPerServer)));
      }
      for (const problem of problems) context.report(`shards, ${kind}: ${problem}`);
    }
    return points;
  } finally {
    await Promise.all(simulators.map((simulator: SimulatorProcess) => simulator.close()));
    await context.server.dropDatabase(database);
    await rm(directory, { recursive: true });
  }
}

type Processes = Awaited<ReturnType<typeof runShards>>;

function runShards(config: string, profiles: string | undefined) {
  const numbers = Array.from({ length: shards }, (_, index) => index + 1);
  return Promise.all(
    numbers.map((number) =>
      measureProcess(
        [obsCodeSync, 'sync', '--json', '--config', config, '--shard', `${number}/${shards}`],
        profiles,
      ),
    ),
  );
}

function pointOf(
  kind: ShardsPoint['kind'],
  vdnsPerServer: number,
  processes: Processes,
  effects: Effects,
): ShardsPoint {
  const cpuMs = sum(processes.map((process_) => process_.cpuMs));
  return {
    ...effects,
    ...{ kind, vdnsPerServer, cpuMs },
    wallMs: Math.max(...processes.map(({ wallMs }) => wallMs)),
    peakMib: Math.max(...processes.map(({ peakMib }) => peakMib)),
    databaseShare: effects.databaseCpuMs / (cpuMs + effects.databaseCpuMs + effects.simulatorCpuMs),
  };
}

function problemsOf(processes: Processes, point: ShardsPoint, added: number): string[] {
  const summaries = processes.map(({ stdout }) => summaryShape.parse(JSON.parse(stdout)));
  const vdns = servers * point.vdnsPerServer;
  const checks: readonly (readonly [what: string, is: number, should: number])[] = [
    ['shards that did not end with 0', summaries.filter(({ exitCode }) => exitCode !== 0).length, 0],
    ['VDNs of all shards', sum(summaries.map((summary) => summary.vdns.total)), vdns],
    ['codes added', sum(summaries.map((summary) => summary.codes.added)), added],
    ['requests', point.requests, vdns * pagesOf(codes)],
    ['deadlocks', point.deadlocks, 0],
    ['result_code rows written', point.rowsWritten.result_code ?? 0, added],
  ];
  return checks.flatMap(([what, is, should]) =>
    is === should ? [] : [`${what}: ${is} where ${should} must be`],
  );
}

async function totalProblems(url: string, vdnsPerServer: number): Promise<string[]> {
  const [row] = await query(
    url,
    'select count(*)::integer as n from obs.result_code where removed_at is null',
  );
  const expected = servers * vdnsPerServer * codes;
  return row?.n === expected ? [] : [`codes in all: ${row?.n} where ${expected} must be`];
}

function nameOf(index: number): string {
  return `server-${index + 1}`;
}

export function printShards(points: readonly ShardsPoint[]): void {
  const head = ['', 'codes', 'wall s', 'CPU s', 'CPU db', 'CPU sim', 'db share', 'requests', 'peak MB'];
  const rows = points.map((point) => [
    point.kind,
    whole(servers * point.vdnsPerServer * codes),
    seconds(point.wallMs),
    seconds(point.cpuMs),
    seconds(point.databaseCpuMs),
    seconds(point.simulatorCpuMs),
    `${Math.round(point.databaseShare * 100)} %`,
    whole(point.requests),
    whole(point.peakMib),
  ]);
  const each = points[0]?.vdnsPerServer ?? 0;
  print(
    '',
    `${servers} servers of ${each} VDNs in ${shards} shards at once, one database`,
    table(head, rows),
  );
}
