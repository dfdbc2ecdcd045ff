import { z } from 'zod';
import { type Effects, type Watched, watching } from './effects.ts';
import { measureProcess, type Program } from './measured-process.ts';

/** One run of one program, with all its effects. */
export interface Measured extends Effects {
  readonly wallMs: number;
  /** By the program's own clock, without the start and the end of its process. */
  readonly jobMs: number;
  readonly cpuMs: number;
  readonly peakMib: number;
  readonly exitCode: number | null;
  /** Rows that a loop has seen; undefined for a run, which has a summary. */
  readonly rows: number | undefined;
  readonly summary: Summary | undefined;
}

export type Summary = z.infer<typeof summaryShape>;

const counts = z.record(z.string(), z.number());
const summaryShape = z.object({ durationMs: z.number(), requests: z.number(), codes: counts, vdns: counts });
const loopShape = z.object({ jobMs: z.number(), rows: z.number() });

/**
 * Runs a program and measures it, the simulators and the database.
 *
 * @param profiles a directory for a CPU profile of the process
 * @param nodeFlags what Node is started with besides
 */
export async function measure(
  program: Program,
  watched: Watched,
  profiles: string | undefined,
  nodeFlags: readonly string[] = [],
): Promise<Measured> {
  const [{ stdout, stderr, ...figures }, effects] = await watching(watched, () =>
    measureProcess(program, profiles, nodeFlags),
  );
  try {
    return { ...figures, ...effects, ...printed(JSON.parse(stdout)) };
  } catch (cause) {
    throw new Error(`${program[0]} printed no result: ${stdout.slice(-500)}${stderr.slice(-2000)}`, {
      cause,
    });
  }
}

/** A loop prints its result, obs-code-sync its summary. */
function printed(document: unknown): Pick<Measured, 'jobMs' | 'rows' | 'summary'> {
  const loop = loopShape.safeParse(document);
  if (loop.success) return { ...loop.data, summary: undefined };
  const summary = summaryShape.parse(document);
  return { jobMs: summary.durationMs, rows: undefined, summary };
}
