import { print, table } from '../../src/commands/terminal.ts';
import { unedited } from './contestants.ts';
import { deviations, type Expectation, firstSync, laterSync } from './expectations.ts';
import { median } from './figures.ts';
import { type Measured, measure } from './measure.ts';
import { obsCodeSync, type Program } from './measured-process.ts';
import { seconds, whole } from './report.ts';
import type { BenchContext } from './rounds.ts';
import { openScene, type Scene } from './scene.ts';
import { differencesFromSource } from './source-comparison.ts';
import { atMost, type Target } from './targets.ts';

/**
 * How far V8 may let the heap grow: without a limit on this machine, or as in the image in a container of 256 MiB,
 * which is the limit in deploy/kubernetes (see NODE_OPTIONS in the Dockerfile).
 */
const heaps = {
  free: [],
  'of 256 MiB': ['--max-old-space-size=128', '--max-semi-space-size=8'],
} as const;

type Heap = keyof typeof heaps;

/** The run over a number of VDNs, once cold and once unchanged. */
export interface GrowthPoint {
  readonly vdns: number;
  readonly heap: Heap;
  readonly cold: Measured;
  readonly unchanged: Measured;
}

const heapNames = Object.keys(heaps) as Heap[];
const kinds = ['cold', 'unchanged'] as const;
const variants = heapNames.flatMap((heap) => kinds.map((kind) => ({ heap, kind })));

/** The cost may grow in proportion to the VDNs, the memory hardly at all. */
const peakLimit = 1.15;
const wallLimit = 1;

/** How the cost grows with the number of VDNs: several rounds, each with every number. */
export async function measureGrowth(
  numbers: readonly number[],
  rounds: number,
  context: BenchContext,
): Promise<GrowthPoint[]> {
  const points: GrowthPoint[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const [vdns, heap] of numbers.flatMap((vdns) => heapNames.map((heap) => [vdns, heap] as const))) {
      context.progress(`growth, round ${round} of ${rounds}: ${vdns} VDNs, heap ${heap}`);
      const situation = { vdns, codes: 120, latencyMs: 0, concurrency: 10 };
      const scene = await openScene(context.server, situation);
      try {
        points.push(await measurePoint(scene, heap, context));
      } finally {
        await scene.close();
      }
    }
  }
  return points;
}

async function measurePoint(scene: Scene, heap: Heap, context: BenchContext): Promise<GrowthPoint> {
  const { vdns } = scene.situation;
  const sync: Program = [obsCodeSync, 'sync', '--json', '--config', scene.config];
  const run = async (expected: Expectation): Promise<Measured> => {
    const watched = { server: context.server, simulators: [scene.simulator], database: scene.ours };
    const measured = await measure(sync, watched, context.profiles, heaps[heap]);
    const problems = [
      ...deviations(measured, expected, scene.situation),
      ...(await differencesFromSource(scene.ours, 'bench', scene.simulator, vdns)),
    ];
    for (const problem of problems) context.report(`growth, ${vdns} VDNs: ${problem}`);
    return measured;
  };
  const cold = await run(firstSync(scene));
  return { vdns, heap, cold, unchanged: await run(laterSync(scene, unedited, 0)) };
}

export function printGrowth(points: readonly GrowthPoint[]): void {
  const rows = numbersIn(points).flatMap((vdns) =>
    variants.map(({ heap, kind }) => {
      const of = (figure: (measured: Measured) => number) => middle(points, vdns, heap, kind, figure);
      return [
        whole(vdns),
        kind,
        heap,
        seconds(of(({ wallMs }) => wallMs)),
        (of(({ wallMs }) => wallMs) / vdns).toFixed(2),
        (of(({ jobMs }) => jobMs) / vdns).toFixed(2),
        (of(({ cpuMs }) => cpuMs) / vdns).toFixed(2),
        (of(({ databaseCpuMs }) => databaseCpuMs) / vdns).toFixed(2),
        whole(of(({ peakMib }) => peakMib)),
      ];
    }),
  );
  const head = [
    'VDNs',
    '',
    'heap',
    'wall s',
    'wall ms/VDN',
    'run ms/VDN',
    'CPU ms/VDN',
    'database CPU ms/VDN',
    'peak MB',
  ];
  print('', 'Growth, 120 codes each, no latency, 10 requests at once', table(head, rows));
}

/** The largest number of VDNs against the smallest. */
export function growthTargets(points: readonly GrowthPoint[]): Target[] {
  const numbers = numbersIn(points);
  const [few, many] = [Math.min(...numbers), Math.max(...numbers)];
  return variants.flatMap(({ heap, kind }) => {
    const ratio = (figure: (measured: Measured, vdns: number) => number): number =>
      middle(points, many, heap, kind, (measured) => figure(measured, many)) /
      middle(points, few, heap, kind, (measured) => figure(measured, few));
    const what = `${kind}, heap ${heap}`;
    return [
      atMost(
        `${what}: peak memory, ${many} VDNs / ${few}`,
        ratio(({ peakMib }) => peakMib),
        peakLimit,
      ),
      atMost(
        `${what}: wall per VDN, process, ${many} VDNs / ${few}`,
        ratio(({ wallMs }, vdns) => wallMs / vdns),
        wallLimit,
      ),
      atMost(
        `${what}: wall per VDN, run, ${many} VDNs / ${few}`,
        ratio(({ jobMs }, vdns) => jobMs / vdns),
        wallLimit,
      ),
    ];
  });
}

function numbersIn(points: readonly GrowthPoint[]): number[] {
  return [...new Set(points.map(({ vdns }) => vdns))].toSorted((a, b) => a - b);
}

function middle(
  points: readonly GrowthPoint[],
  vdns: number,
  heap: Heap,
  kind: (typeof kinds)[number],
  figure: (measured: Measured) => number,
): number {
  const measured = points.filter((point) => point.vdns === vdns && point.heap === heap);
  return median(measured.map((point) => figure(point[kind])));
}
