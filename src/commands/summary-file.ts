import { open, writeFile } from 'node:fs/promises';
import { type Invocation, withCommandLines } from '../domain/invocation.ts';
import type { VdnOutcome } from '../domain/outcome.ts';
import { FatalError } from '../errors.ts';
import type { RunSummary } from '../sync/summary.ts';
import { whyNotWritten } from './output-file.ts';

/** Kubernetes cuts a termination message at 4,096 bytes. */
const mostBytes = 4000;

/** The order in which outcomes are kept: many changed VDNs must not push the one that is held out. */
const lastKept: Readonly<Record<VdnOutcome, number>> = {
  ...{ held: 0, failed: 1, skipped: 2 },
  ...{ changed: 3, unchanged: 3, fresh: 3 },
};

/** What surrounds the error and the outcomes takes less than 1,000 bytes. */
const mostErrorBytes = 2000;
const mostMessageBytes = 200;

/**
 * A run of an hour must not find out at its end that its summary cannot be written.
 *
 * @throws FatalError `usage` where the file cannot be written
 */
export async function requireWritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close();
  } catch (cause) {
    throw new FatalError('usage', `${notWritten(file, cause)} Name another --summary-file.`, { cause });
  }
}

/** Writes `summaryText` to the file. Where that fails, stderr says so, and the run's own result stays. */
export async function writeSummaryFile(file: string, summary: RunSummary): Promise<void> {
  try {
    await writeFile(file, summaryText(summary));
  } catch (error) {
    process.stderr.write(`${notWritten(file, error)}\n`);
  }
}

/** A summary with the commands that its messages name as command lines to copy. */
export function shownSummary(summary: RunSummary, invocation: Invocation): RunSummary {
  const shown = (message: string) => withCommandLines(message, invocation);
  return {
    ...summary,
    error: summary.error && { ...summary.error, message: shown(summary.error.message) },
    outcomes: summary.outcomes.map(({ message, ...outcome }) =>
      message === undefined ? outcome : { ...outcome, message: shown(message) },
    ),
  };
}

/**
 * The summary without the changes, as JSON of at most 4,000 bytes: long messages are cut, and where it still is
 * longer, the outcomes at the end are left out and `outcomesLeftOut` says how many. Those that need a person stand first.
 */
export function summaryText(summary: RunSummary): string {
  const error = summary.error && {
    ...summary.error,
    message: beginning(summary.error.message, mostErrorBytes),
  };
  const trouble = summary.outcomes.toSorted((a, b) => lastKept[a.outcome] - lastKept[b.outcome]);
  const outcomes = trouble.map(({ changes: _, message, ...outcome }) => ({
    ...outcome,
    ...(message === undefined ? {} : { message: beginning(message, mostMessageBytes) }),
  }));
  for (let kept = outcomes.length; ; kept = Math.floor(kept / 2)) {
    const leftOut = outcomes.length - kept;
    const text = JSON.stringify({
      ...summary,
      error,
      outcomes: outcomes.slice(0, kept),
      ...(leftOut > 0 ? { outcomesLeftOut: leftOut } : {}),
    });
    if (kept === 0 || Buffer.byteLength(text) <= mostBytes) return text;
  }
}

/** As much of a text as takes so many bytes in JSON, where a control character takes six; no character is cut in two. */
function beginning(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of text.toWellFormed()) {
    left -= Buffer.byteLength(JSON.stringify(character)) - 2;
    if (left < 0) return `${kept}…`;
    kept += character;
  }
  return kept;
}

function notWritten(file: string, cause: unknown): string {
  return `The summary cannot be written to ${file}: ${whyNotWritten(cause)}.`;
}
