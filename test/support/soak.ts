import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../src/config/fields.ts';
import { randomTests } from './runs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface SoakOptions {
  readonly factor: number;
  readonly for?: number;
}

new Command('soak')
  .description('Repeats the random tests more often than `npm test` does, with new random values each time.')
  .argument('[filter...]', 'only test files whose path contains one of these')
  .option('--factor <n>', 'how many times as many cases in each test', positive, 10)
  .option(
    '--for <duration>',
    'begin another round until so much time has passed, e.g. 8h; default: one round',
    duration,
  )
  .addHelpText(
    'after',
    `\nThe tests:\n  ${randomTests().join('\n  ')}\n\nEnds with 1 at the first round in which a test fails.`,
  )
  .action((filters: string[], options: SoakOptions) => {
    process.exitCode = soak(filters, options);
  })
  .parse();

function soak(filters: readonly string[], { factor, for: durationMs = 0 }: SoakOptions): number {
  const files = randomTests().filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
  if (files.length === 0) {
    process.stderr.write(`No random test has ${filters.join(' or ')} in its path; --help lists them.\n`);
    return 2;
  }
  const startedAt = Date.now();
  for (let round = 1; ; round++) {
    const { status } = spawnSync(
      'npx',
      ['vitest', 'run', ...files, '--testTimeout=0', '--teardownTimeout=60000'],
      {
        cwd: root,
        stdio: 'inherit',
        env: { ...process.env, SOAK_FACTOR: String(factor), SOAK_SEED: String(Date.now()) },
      },
    );
    const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
    process.stdout.write(
      `soak: round ${round} ${status === 0 ? 'passed' : 'FAILED'} after ${minutes} min in all\n`,
    );
    if (status !== 0) return 1;
    if (Date.now() - startedAt >= durationMs) return 0;
  }
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('a number above 0, such as 10.');
  return number;
}

function duration(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.problems.join('; '));
  return parsed.value;
}
