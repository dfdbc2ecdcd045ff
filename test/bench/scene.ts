import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { query } from '../support/template-database.ts';
import type { BenchDatabase, BenchServer } from './bench-server.ts';
import type { LoopTask } from './processes/loop.ts';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts';
import type { Situation } from './situation.ts';

/** What the contestants of one round use: a new server with its lists, and a new database for each engine. */
export interface Scene {
  readonly situation: Situation;
  readonly simulator: SimulatorProcess;
  readonly ours: BenchDatabase;
  readonly usual: BenchDatabase;
  readonly copied: BenchDatabase;
  /** Of obs-code-sync. */
  readonly config: string;
  /** For files that one contestant leaves to another. */
  readonly directory: string;
  task(database?: BenchDatabase): LoopTask;
  close(): Promise<void>;
}

const usualTable = `
  create table usual_code (
    source text not null, vdn_id integer not null, obs_code text not null, obs_code_desc text,
    updated_at timestamptz not null, primary key (source, vdn_id, obs_code))`;

export async function openScene(server: BenchServer, situation: Situation): Promise<Scene> {
  const simulator = await startSimulatorProcess(situation);
  const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-bench-'));
  const ours = await server.createDatabase('bench_ours');
  const usual = await server.createDatabase('bench_usual');
  const copied = await server.createDatabase('bench_copied');
  await query(usual.url, usualTable);
  const { vdns, codes, concurrency } = situation;
  const { baseUrl } = simulator;
  const config = await writeConfig(directory, {
    database: { url: ours.url },
    sources: [{ name: 'bench', baseUrl, vdns: [`1-${vdns}`], concurrency, ...testKeys }],
  });
  return {
    ...{ situation, simulator, ours, usual, copied, config, directory },
    task: (database) => ({ baseUrl, databaseUrl: database?.url ?? '', vdns, codes, concurrency }),
    async close() {
      await simulator.close();
      for (const database of [ours, usual, copied]) await server.dropDatabase(database);
      await rm(directory, { recursive: true });
    },
  };
}
