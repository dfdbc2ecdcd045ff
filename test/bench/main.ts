import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { print } from '../../src/commands/terminal.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { figuresOf } from './figures.ts';
import { growthTargets, measureGrowth, printGrowth } from './growth.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { printRounds, printTargets } from './report.ts';
import { type BenchContext, type Round, runRounds } from './rounds.ts';
import { measureShards, printShards } from './shards.ts';
import { describe, type Situation } from './situation.ts';
import { targetsOf } from './targets.ts';

/**
 * Measures everything side by side and prints it. Fails on what does not depend on the machine: requests, rows
 * written, results. Times are shown, and whether they reached their figures, but fail nothing.
 */
const options = readOptions();
const problems: string[] = [];
// Every process that is started listens for the end of this one.
process.setMaxListeners(50);
const server = await startBenchServer();
const context: BenchContext = {
  server,
  profiles: options.profile,
  report: (problem) => problems.push(problem),
  progress: (line) => process.stderr.write(`${line}\n`),
};
try {
  const machine = machineOf(server);
  print(Object.values(machine).join(', '));
  const situations = [];
  for (const situation of options.situations) situations.push(await benchSituation(situation, options));
  const growth = await measureGrowth(options.growth, Math.min(options.rounds, 3), context);
  const growthFigures = growth.length > 0 ? growthTargets(growth) : [];
  if (growth.length > 0) printGrowth(growth);
  const shards = await measureShards(options.vdnsPerShardedServer, context);
  printShards(shards);
  const targets = [...situations.flatMap((one) => one.targets), ...growthFigures];
  if (options.judged) printTargets(targets);
  await mkdir(path.dirname(path.resolve(options.json)), { recursive: true });
  await writeFile(
    options.json,
    JSON.stringify({ machine, options, situations, growth, shards, targets, problems }, null, 1),
  );
  print('', `All figures: ${options.json}`);
} finally {
  await server.close();
}
for (const problem of problems) print(`WRONG: ${problem}`);
print(problems.length === 0 ? 'Requests, rows written and results are right.' : `${problems.length} wrong`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function benchSituation(situation: Situation, { rounds: wanted }: BenchOptions) {
  const heading = describe(situation);
  context.progress(heading);
  const rounds = await runRounds(situation, wanted, context);
  printRounds(heading, rounds);
  const targets = targetsOf(situation, rounds).map((target) => ({
    ...target,
    what: `${situation.vdns} VDNs, ${situation.latencyMs} ms: ${target.what}`,
  }));
  return { situation, medians: mediansOf(rounds), rounds, targets };
}

function mediansOf(rounds: readonly Round[]) {
  return Object.fromEntries(Object.keys(rounds[0] ?? {}).map((name) => [name, figuresOf(name, rounds)]));
}

function machineOf({ version }: BenchServer) {
  const [cpu] = os.cpus();
  return {
    cpu: `${os.availableParallelism()} × ${cpu?.model.trim()}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    system: `Linux ${os.release()}`,
    node: `Node ${process.version}`,
    postgres: `Postgres ${version}`,
  };
}
