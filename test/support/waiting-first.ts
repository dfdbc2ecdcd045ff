import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Half a minute each that a process waits out, with nothing to compute: others must run beside them. */
const waiting = /\/(first-contact|schedule-stop)\.test\.ts$/;

/** What only waits comes first in its project: at the end of a run it would leave the processor idle. */
export class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [first, rest] = [true, false].map((waits) =>
      sorted.filter(({ moduleId }) => waiting.test(moduleId) === waits),
    );
    return [...(first ?? []), ...(rest ?? [])];
  }
}
