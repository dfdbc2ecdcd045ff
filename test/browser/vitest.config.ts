import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { summaryReporter } from '../support/summary-reporter.ts';

/** Apart from `npm test`, which needs no browser. */
export default defineConfig({
  test: {
    root: path.join(import.meta.dirname, '..', '..'),
    include: ['test/browser/**/*.test.ts'],
    reporters: ['default', summaryReporter()],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // One browser at a time: it takes a core of its own.
    fileParallelism: false,
  },
});
