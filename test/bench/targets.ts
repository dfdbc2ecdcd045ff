import { type Figures, figuresOf, inRound, median } from './figures.ts';
import type { Round } from './rounds.ts';
import { pagesOf, type Situation } from './situation.ts';

/** A figure to reach, and the result. */
export interface Target {
  readonly what: string;
  readonly limit: number;
  readonly value: number;
  readonly reached: boolean;
}

/** `value` may be at most `limit`. */
export function atMost(what: string, value: number, limit: number): Target {
  return { what, limit, value, reached: value <= limit };
}

/** `value` must be at least `limit`. */
function atLeast(what: string, value: number, limit: number): Target {
  return { what, limit, value, reached: value >= limit };
}

/** How many times as long as the bare got loop each run may take, where the server answers at once. */
const toGot = { unchanged: 1.45, cold: 2.4, '1 % changed': 1.7 };

/** With a slow server: how many times the time that its answers take by themselves. */
const toIdeal = 1.1;

/** The figures for one situation. */
export function targetsOf(situation: Situation, rounds: readonly Round[]): Target[] {
  return [
    ...(situation.latencyMs > 0 ? slowServer(situation, rounds) : fastServer(rounds)),
    ...littleWritten(situation, rounds),
  ];
}

function slowServer({ vdns, codes, latencyMs, concurrency }: Situation, rounds: readonly Round[]): Target[] {
  const idealMs = (vdns * pagesOf(codes) * latencyMs) / concurrency;
  return ['unchanged', 'cold'].flatMap((name) => {
    const { wallMs, jobMs } = figuresOf(name, rounds);
    return [
      atMost(`${name}: wall of the process / (requests × latency / concurrency)`, wallMs / idealMs, toIdeal),
      atMost(`${name}: wall of the run / (requests × latency / concurrency)`, jobMs / idealMs, toIdeal),
    ];
  });
}

function fastServer(rounds: readonly Round[]): Target[] {
  return Object.entries(toGot).flatMap(([name, limit]) => {
    const { wallToGot, jobToGot } = figuresOf(name, rounds);
    return [
      atMost(`${name}: wall of the process / of the bare got loop's`, wallToGot, limit),
      atMost(`${name}: wall of the run / of the bare got loop`, jobToGot, limit),
    ];
  });
}

/** The rows themselves are checked one by one in every run (expectations.ts). */
function littleWritten({ vdns }: Situation, rounds: readonly Round[]): Target[] {
  const unchanged: Figures = figuresOf('unchanged', rounds);
  const wal = rounds.map(
    (round) => inRound(round, 'usual way, unchanged').walBytes / inRound(round, 'unchanged').walBytes,
  );
  return [
    atMost('unchanged: rows written in the code tables', unchanged.codeRows, 0),
    // The run itself has a row, which is written when it starts and when it ends, and its source has one.
    atMost('unchanged: rows written elsewhere, besides the run’s own', (unchanged.otherRows - 3) / vdns, 1),
    atLeast('unchanged: WAL of the usual way / WAL', median(wal), 50),
  ];
}
