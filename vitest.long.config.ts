import { defineConfig } from 'vitest/config';
import { randomTests } from './test/support/runs.ts';
import { summaryReporter } from './test/support/summary-reporter.ts';

/** What takes minutes, besides `npm test`: the image, and the random tests with many times the cases. */
export default defineConfig({
  test: {
    include: ['test/{image,long}/**/*.test.ts', 'test/support/*.test.ts', ...randomTests()],
    reporters: ['default', summaryReporter()],
    globalSetup: ['test/support/postgres-setup.ts'],
    env: { SOAK_FACTOR: '10' },
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
