import { Command, InvalidArgumentError, Option } from 'commander';
import type { Situation } from './situation.ts';

/** What a call of the bench measures. */
export interface BenchOptions {
  readonly situations: readonly Situation[];
  readonly rounds: number;
  /** Numbers of VDNs whose runs are compared; none: growth is not measured. */
  readonly growth: readonly number[];
  readonly vdnsPerShardedServer: number;
  /** Whether it is large enough to judge which figures were reached. */
  readonly judged: boolean;
  readonly json: string;
  readonly profile: string | undefined;
}

const busy: Situation = { vdns: 1_000, codes: 120, latencyMs: 0, concurrency: 10 };
const slow: Situation = { vdns: 300, codes: 120, latencyMs: 50, concurrency: 10 };

/** Seven minutes on two cores; twenty minutes; the smallest run that checks requests, rows written and results. */
const scales = {
  standard: { situations: [slow, busy], rounds: 3, growth: [], vdnsPerShardedServer: 50, judged: true },
  full: {
    ...{ situations: [slow, busy], rounds: 3, growth: [500, 9_999], vdnsPerShardedServer: 500 },
    judged: true,
  },
  small: {
    ...{ situations: [{ ...busy, vdns: 20 }], rounds: 1, growth: [], vdnsPerShardedServer: 5 },
    judged: false,
  },
} as const;

interface Given extends Partial<Omit<Situation, 'latencyMs'>> {
  readonly scale: keyof typeof scales;
  readonly latency?: number;
  readonly rounds?: number;
  readonly json: string;
  readonly profile?: string;
}

export function readOptions(): BenchOptions {
  const command = new Command('bench')
    .description('measures obs-code-sync beside what it could be at best, and what is usual')
    .addOption(
      new Option('--scale <scale>', 'how much is measured').choices(Object.keys(scales)).default('standard'),
    )
    .option(
      '--vdns <n>',
      'VDNs; this and the next three: one situation instead of those of the scale',
      positive,
    )
    .option('--codes <n>', 'codes of each VDN', positive)
    .option('--latency <ms>', 'how much later the server answers', number)
    .option('--concurrency <n>', 'requests at once, 1 to 10', positive)
    .option('--rounds <n>', 'how often; medians are shown', positive)
    .option('--json <file>', 'all figures of all rounds', 'tmp/bench.json')
    .option('--profile <dir>', 'keep a CPU profile of every measured process');
  const { scale, latency, rounds, json, profile, ...given } = command.parse().opts<Given>();
  const chosen = scales[scale];
  const asked = { ...given, ...(latency === undefined ? {} : { latencyMs: latency }) };
  return {
    ...chosen,
    ...(Object.keys(asked).length === 0 ? {} : { situations: [{ ...busy, ...asked }] }),
    ...(rounds === undefined ? {} : { rounds }),
    ...{ json, profile },
  };
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
}

function positive(text: string): number {
  const value = number(text);
  if (value === 0) throw new InvalidArgumentError('expected a number above 0.');
  return value;
}
