import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes, Interruption } from '../errors.ts';

/** Ctrl-C under `npm start` reaches the program twice at once; only a later signal is a second one. */
const secondSignalAfterMs = 1000;

/** A shutdown that takes longer than this is cut off; the database rolls back what was not committed. */
const usualGraceMs = 8000;

/** What is to be said before the end may take this long. */
const lastWordsMs = 500;

const exitCodeOf = { SIGINT: exitCodes.sigint, SIGTERM: exitCodes.sigterm } as const;

/**
 * Turns SIGINT and SIGTERM into an AbortSignal whose reason is an `Interruption`. A second signal, or a shutdown
 * that hangs, ends the process at once.
 *
 * @param graceMs how long a shutdown may take
 * @param lastWords is called before the process is ended by force
 */
export function listenForSignals(
  graceMs = usualGraceMs,
  lastWords: (end: Interruption) => Promise<void> = async () => {},
): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let firstAt: number | undefined;
  let deadline: NodeJS.Timeout | undefined;

  function endNow(exitCode: 130 | 143, why: string): void {
    const end = new Interruption(
      exitCode,
      `ended at once ${why}; what was not finished is undone by the database, and the next run marks this one as interrupted`,
    );
    // First, since it clears the screen of a progress bar.
    const said = lastWords(end);
    process.stderr.write(`${end.message}\n`);
    void Promise.race([said, delay(lastWordsMs)]).finally(() => process.exit(exitCode));
  }

  function onSignal(name: keyof typeof exitCodeOf): void {
    const exitCode = exitCodeOf[name];
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > secondSignalAfterMs) endNow(exitCode, `by a second signal, ${name}`);
      return;
    }
    firstAt = performance.now();
    deadline = setTimeout(endNow, graceMs, exitCode, `${graceMs / 1000} s after ${name}`).unref();
    controller.abort(new Interruption(exitCode, `stopped by ${name}; what was finished is kept`));
  }

  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stop() {
      clearTimeout(deadline);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
