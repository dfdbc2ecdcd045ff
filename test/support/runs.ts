import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * How often a random test is repeated: `base` times, or `SOAK_FACTOR` times as often in a longer run.
 *
 * @throws RangeError where SOAK_FACTOR is not a positive number
 */
export function runs(base: number): number {
  const factor = Number(process.env.SOAK_FACTOR ?? 1);
  if (!(factor > 0)) throw new RangeError(`SOAK_FACTOR must be a positive number`);
  return Math.max(1, Math.round(base * factor));
}

/** Files of random tests: those that call `runs`. Paths from the root. */
export function randomTests(): string[] {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  return readdirSync(`${root}/test`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`)
    .filter((file) => readFileSync(`${root}/${file}`, 'utf8').includes('/runs.ts'));
}
