import { writeFile } from 'node:fs/promises';
import { FatalError } from '../errors.ts';
import type { RunSummary } from '../sync/summary.ts';

/** Kubernetes cuts a termination message at 4,096 bytes. */
const mostBytes = 4000;

/**
 * Writes the summary without the changes, as JSON of at most 4,000 bytes: where it is longer, the outcomes at the
 * end are left out and `outcomesLeftOut` says how many.
 *
 * @throws FatalError `usage` where the file cannot be written
 */
export async function writeSummaryFile(file: string, summary: RunSummary): Promise<void> {
  const outcomes = summary.outcomes.map(({ changes: _, message, ...outcome }) => ({
    ...outcome,
    ...(message === undefined ? {} : { message: message.slice(0, 200) }),
  }));
  let text: string;
  let kept = outcomes.length;
  do {
    const leftOut = outcomes.length - kept;
    const shown = {
      ...summary,
      outcomes: outcomes.slice(0, kept),
      ...(leftOut > 0 ? { outcomesLeftOut: leftOut } : {}),
    };
    text = JSON.stringify(shown);
    kept = Math.floor(kept / 2);
  } while (Buffer.byteLength(text) > mostBytes && outcomes.length > 0);
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new FatalError(
      'usage',
      `The summary cannot be written to ${file}: ${String(cause)}. Name another --summary-file.`,
      { cause },
    );
  }
}
