import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { summaryReporter } from './test/support/summary-reporter.ts';
import { WaitingFirst } from './test/support/waiting-first.ts';

/**
 * A machine may be busy with other work: what hangs is found by limits far above what tests take. Within a test the
 * limits of waiting for one thing are shorter, and say what was waited for.
 */
const limits = { testTimeout: 120_000, hookTimeout: 240_000, expect: { poll: { timeout: 40_000 } } };
/** Files share their worker's modules: loading the program and its libraries for each file took a fifth of the run. */
const shared = { ...limits, isolate: false };

export default defineConfig({
  test: {
    // Tests wait for processes and databases as much as they compute.
    maxWorkers: 2 * availableParallelism(),
    reporters: ['default', summaryReporter()],
    sequence: { sequencer: WaitingFirst },
    // Workers, and what they have loaded, are not shared between projects: no more of them than there are reasons for.
    projects: [
      { test: { ...shared, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          ...shared,
          name: 'system',
          include: ['test/{contract,integration,cli,deploy}/**/*.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
        },
      },
    ],
  },
});
