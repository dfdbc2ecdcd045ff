import { sum } from './effects.ts';
import type { Measured } from './measure.ts';
import type { Round } from './rounds.ts';

/** The contestant to which wall times are compared. */
const yardstick = 'limit: got alone';

const codeTables = ['result_code', 'result_code_history', 'usual_code'];

/** One contestant's figures over all rounds: medians, and ratios taken round by round. */
export interface Figures {
  readonly wallMs: number;
  readonly jobMs: number;
  readonly cpuMs: number;
  readonly databaseCpuMs: number;
  readonly simulatorCpuMs: number;
  readonly requests: number;
  readonly codeRows: number;
  readonly otherRows: number;
  readonly walBytes: number;
  readonly peakMib: number;
  /** Wall against the bare got loop's in the same round, process against process. */
  readonly wallToGot: number;
  /** The same without the start of either process. */
  readonly jobToGot: number;
}

export function figuresOf(name: string, rounds: readonly Round[]): Figures {
  const of = (figure: (measured: Measured, got: Measured) => number): number =>
    median(rounds.map((round) => figure(inRound(round, name), inRound(round, yardstick))));
  return {
    wallMs: of(({ wallMs }) => wallMs),
    jobMs: of(({ jobMs }) => jobMs),
    cpuMs: of(({ cpuMs }) => cpuMs),
    databaseCpuMs: of(({ databaseCpuMs }) => databaseCpuMs),
    simulatorCpuMs: of(({ simulatorCpuMs }) => simulatorCpuMs),
    requests: of(({ requests }) => requests),
    codeRows: of(({ rowsWritten }) => rowsIn(rowsWritten, (table) => codeTables.includes(table))),
    otherRows: of(({ rowsWritten }) => rowsIn(rowsWritten, (table) => !codeTables.includes(table))),
    walBytes: of(({ walBytes }) => walBytes),
    peakMib: of(({ peakMib }) => peakMib),
    wallToGot: of(({ wallMs }, got) => wallMs / got.wallMs),
    jobToGot: of(({ jobMs }, got) => jobMs / got.jobMs),
  };
}

export function inRound(round: Round, name: string): Measured {
  const measured = round[name];
  if (measured === undefined) throw new RangeError(`nothing is called ${name} in this round`);
  return measured;
}

/** The median. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN] = sorted.slice(Math.ceil(middle) - 1);
  const [high = Number.NaN] = sorted.slice(Math.floor(middle));
  return (low + high) / 2;
}

function rowsIn(rowsWritten: Measured['rowsWritten'], wanted: (table: string) => boolean): number {
  return sum(Object.entries(rowsWritten).map(([table, rows]) => (wanted(table) ? rows : 0)));
}
