import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

interface Totals {
  passed: number;
  failed: number;
  skipped: string[];
}

/**
 * Ends the run's output with `N passed, N failed` (and `, N skipped`) on a line of its own, for CI; above it what was
 * skipped, and why. Errors outside tests count as failures, and a run that ends with another exit code than 0 never
 * says `0 failed`.
 */
export function summaryReporter(): Reporter {
  const totals: Totals = { passed: 0, failed: 0, skipped: [] };
  return {
    onInit() {
      // At the very end of the process, since stopping the servers may still fail after the last report.
      process.once('exit', (exitCode) => process.stdout.write(summary(totals, exitCode)));
    },
    onTestRunEnd(modules, unhandledErrors) {
      totals.failed += unhandledErrors.length;
      for (const module of modules) count(module, totals);
    },
  };
}

function summary({ passed, failed, skipped }: Totals, exitCode: number): string {
  const reasons = skipped.map((line) => `skipped: ${line}\n`).join('');
  const atLeast = exitCode === 0 ? 0 : 1;
  const skippedToo = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return `${reasons}${passed} passed, ${Math.max(failed, atLeast)} failed${skippedToo}\n`;
}

function count(module: TestModule, totals: Totals): void {
  totals.failed += errorsOf(module);
  for (const suite of module.children.allSuites()) totals.failed += errorsOf(suite);
  for (const test of module.children.allTests()) countTest(test, totals);
}

/** Of the file or suite itself: an import that failed, a `beforeAll` that threw. */
const errorsOf = (suite: TestModule | TestSuite) => suite.errors().length;

function countTest(test: TestCase, totals: Totals): void {
  const result = test.result();
  if (result.state === 'passed') totals.passed += 1;
  else if (result.state === 'skipped')
    totals.skipped.push(`${test.fullName} (${result.note ?? 'no reason given'})`);
  else totals.failed += 1;
}
