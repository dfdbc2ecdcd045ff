import type { BenchServer } from './bench-server.ts';
import { contestants, unedited } from './contestants.ts';
import { deviations } from './expectations.ts';
import { type Measured, measure } from './measure.ts';
import { openScene, type Scene } from './scene.ts';
import type { Situation } from './situation.ts';
import { differencesFromSource } from './source-comparison.ts';

/** One round: every contestant once, by name. */
export type Round = Readonly<Record<string, Measured>>;

export interface BenchContext {
  readonly server: BenchServer;
  readonly profiles: string | undefined;
  /** Called with results that are wrong on any machine. */
  readonly report: (problem: string) => void;
  readonly progress: (line: string) => void;
}

/** All contestants one after another, for several rounds; each round begins with nothing. */
export async function runRounds(
  situation: Situation,
  rounds: number,
  context: BenchContext,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    context.progress(`round ${round} of ${rounds}`);
    const scene = await openScene(context.server, situation);
    try {
      done.push(await runRound(scene, context));
    } finally {
      await scene.close();
    }
  }
  return done;
}

async function runRound(scene: Scene, context: BenchContext): Promise<Round> {
  await warmUp(scene, context);
  const round: Record<string, Measured> = {};
  let edited = unedited;
  for (const contestant of contestants) {
    edited = (await contestant.before?.(scene)) ?? edited;
    const database = contestant.database?.(scene);
    const measured = await measure(
      contestant.program(scene),
      { server: context.server, simulators: [scene.simulator], database },
      context.profiles,
    );
    round[contestant.name] = measured;
    const expected = contestant.expected(scene, edited, measured.summary?.vdns.changed ?? 0);
    const problems = deviations(measured, expected, scene.situation);
    if (expected.likeSource === true) problems.push(...(await differences(scene)));
    for (const problem of problems) context.report(`${contestant.name}: ${problem}`);
    context.progress(`${contestant.name}: ${(measured.wallMs / 1000).toFixed(2)} s`);
  }
  return round;
}

/** The first requests of a simulator's life are slower than all later ones, and would count against the first contestant. */
async function warmUp(scene: Scene, { server }: BenchContext): Promise<void> {
  const [first] = contestants;
  if (first === undefined) return;
  await measure(
    first.program(scene),
    { server, simulators: [scene.simulator], database: undefined },
    undefined,
  );
}

function differences({ ours, simulator, situation: { vdns } }: Scene): Promise<string[]> {
  return differencesFromSource(ours, 'bench', simulator, vdns);
}
