import type { BenchDatabase } from './bench-server.ts';
import { keepRows } from './code-rows.ts';
import { type Expectation, firstSync, laterSync, loop, nothingWritten, usualWay } from './expectations.ts';
import { obsCodeSync, type Program } from './measured-process.ts';
import type { Scene } from './scene.ts';

/** One line of the table: a program that is measured. */
export interface Contestant {
  readonly name: string;
  /** Whose rows are counted. */
  readonly database?: (scene: Scene) => BenchDatabase;
  /** What happens before, unmeasured; gives how many codes and VDNs it changed at the source. */
  readonly before?: (scene: Scene) => Promise<Edited>;
  readonly program: (scene: Scene) => Program;
  /** @param vdnsChanged as the run itself states it */
  readonly expected: (scene: Scene, edited: Edited, vdnsChanged: number) => Expectation;
}

/** Changes at the source, not synced yet. */
export interface Edited {
  readonly rewritten: number;
  readonly removed: number;
}

export const unedited: Edited = { rewritten: 0, removed: 0 };

/** A hundredth of the codes gets another text; a hundredth of the VDNs loses a code. */
const editedShare = 0.01;

const ours = ({ ours }: Scene) => ours;
const usual = ({ usual }: Scene) => usual;
const sync = ({ config }: Scene, ...args: string[]): Program => [
  obsCodeSync,
  'sync',
  '--json',
  '--config',
  config,
  ...args,
];
const loopProgram = (script: string, scene: Scene, database?: BenchDatabase, ...args: string[]): Program => [
  script,
  JSON.stringify(scene.task(database)),
  ...args,
];

/** In the order in which they run; each starts with what the ones before left. */
export const contestants: readonly Contestant[] = [
  {
    name: 'limit: got alone',
    program: (scene) => loopProgram('bare-got.ts', scene),
    expected: loop,
  },
  {
    name: 'limit: undici alone',
    program: (scene) => loopProgram('bare-undici.ts', scene),
    expected: loop,
  },
  { name: 'cold', database: ours, program: (scene) => sync(scene), expected: firstSync },
  {
    name: 'limit: COPY of the rows',
    database: ({ copied }) => copied,
    before: async ({ ours, directory }) => {
      await keepRows(ours.url, directory);
      return unedited;
    },
    program: (scene) => loopProgram('copy-rows.ts', scene, scene.copied, scene.directory),
    expected: ({ situation: { vdns, codes } }) => ({
      requests: 0,
      rowsWritten: { result_code: vdns * codes, result_code_history: vdns * codes },
    }),
  },
  { name: 'unchanged', database: ours, program: (scene) => sync(scene), expected: laterSync },
  {
    name: 'usual way, cold',
    database: usual,
    program: (scene) => loopProgram('usual-way.ts', scene, scene.usual),
    expected: usualWay,
  },
  {
    name: 'usual way, unchanged',
    database: usual,
    program: (scene) => loopProgram('usual-way.ts', scene, scene.usual),
    expected: usualWay,
  },
  {
    name: 'dry run, 1 % changed',
    database: ours,
    before: async ({ simulator, situation: { vdns } }) => ({
      rewritten: await simulator.rewrite(editedShare, vdns),
      removed: 0,
    }),
    program: (scene) => sync(scene, '--dry-run'),
    expected: nothingWritten,
  },
  { name: '1 % changed', database: ours, program: (scene) => sync(scene), expected: laterSync },
  {
    name: '1 % of VDNs lose a code',
    database: ours,
    before: async ({ simulator, situation: { vdns } }) => {
      const removed = Math.ceil(vdns * editedShare);
      for (let vdnId = 1; vdnId <= removed; vdnId += 1) await simulator.removeCode(vdnId, '00605');
      return { rewritten: 0, removed };
    },
    program: (scene) => sync(scene),
    expected: laterSync,
  },
];
