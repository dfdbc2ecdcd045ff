/**
 * How often a test of chance is repeated: `base` times, or `SOAK_FACTOR` times as often in a longer run.
 *
 * @throws RangeError where SOAK_FACTOR is not a positive number
 */
export function runs(base: number): number {
  const factor = Number(process.env.SOAK_FACTOR ?? 1);
  if (!(factor > 0)) throw new RangeError(`SOAK_FACTOR must be a positive number`);
  return Math.max(1, Math.round(base * factor));
}
