import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { summaryReporter } from './test/support/summary-reporter.ts';

const needsPostgres = ['test/support/postgres-setup.ts'];

export default defineConfig({
  test: {
    // Tests wait for processes and databases more than they compute: no core is set aside for vitest itself.
    maxWorkers: Math.max(2, availableParallelism()),
    reporters: ['default', summaryReporter()],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000 } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: needsPostgres,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'cli',
          include: ['test/{cli,image,deploy}/**/*.test.ts'],
          globalSetup: needsPostgres,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
