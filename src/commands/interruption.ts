import { setTimeout as delay } from 'node:timers/promises';
import { type ExitCode, exitCodes, Interruption } from '../errors.ts';

/** Ctrl-C under `npm start` reaches the program twice at once; only a later signal is a second one. */
const secondSignalAfterMs = 1000;

/** A shutdown that takes longer than this is cut off; the database rolls back what was not committed. */
const usualGraceMs = 8000;

/** How long the last output may take. */
const lastOutputMs = 500;

const exitCodeOf = { SIGINT: exitCodes.sigint, SIGTERM: exitCodes.sigterm } as const;

interface EndByForce {
  /** What becomes of the work, as the end of a sentence. */
  readonly leaving?: () => string;
  /** Says what is to be said before the process is ended, and gives its exit code. */
  readonly beforeForcedEnd?: (end: Interruption) => Promise<ExitCode>;
}

/**
 * Turns SIGINT and SIGTERM into an AbortSignal whose reason is an `Interruption`. A second signal, or a shutdown
 * that hangs, ends the process at once.
 *
 * @param graceMs how long a shutdown may take
 */
export function listenForSignals(
  graceMs = usualGraceMs,
  { leaving = () => '', beforeForcedEnd = async ({ exitCode }) => exitCode }: EndByForce = {},
): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let firstAt: number | undefined;
  let deadline: NodeJS.Timeout | undefined;

  function endNow(exitCode: 130 | 143, why: string): void {
    const end = new Interruption(exitCode, `ended at once ${why}${leaving()}`);
    // First, since it clears the screen of a progress bar.
    const said = beforeForcedEnd(end);
    process.stderr.write(`${end.message}\n`);
    const inTime = Promise.race([said, delay(lastOutputMs, exitCode)]);
    void inTime.catch(() => exitCode).then((code) => process.exit(code));
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
      if (firstAt !== undefined) ignoreRepeatedSignals();
    },
  };
}

/** Ctrl-C under `npm start` may reach the program a second time when all is done but its output. */
function ignoreRepeatedSignals(): void {
  const ignore = () => {};
  process.on('SIGINT', ignore).on('SIGTERM', ignore);
  setTimeout(() => process.off('SIGINT', ignore).off('SIGTERM', ignore), secondSignalAfterMs).unref();
}
