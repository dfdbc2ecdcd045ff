import type { Parsed } from './parsed.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a duration looks like, for messages. */
export const durationForm = 'a duration such as 500ms, 10s, 15m, 36h or 90d';

/** A duration (`500ms`, `10s`, `15m`, `36h`, `90d`; more than zero) in milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  const [, digits = '', unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const value = Number(digits) * (unitMs[unit] ?? 0);
  return value > 0 && Number.isSafeInteger(value)
    ? { ok: true, value }
    : { ok: false, problems: [`expected ${durationForm}`] };
}
