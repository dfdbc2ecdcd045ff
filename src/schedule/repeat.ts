import type { ScheduleConfig } from '../config/schema.ts';
import { type ExitCode, exitCodes } from '../errors.ts';
import type { RunSettings } from '../sync/run-settings.ts';

/** Ends after which a retry may help: VDNs or a source that failed, a database that is away, another run. */
const retriableExitCodes: ReadonlySet<ExitCode> = new Set([
  exitCodes.someFailed,
  exitCodes.allFailed,
  exitCodes.databaseUnreachable,
  exitCodes.locked,
]);

/**
 * How long to wait before a run is repeated, twice as long each time.
 *
 * @param attempt how many repetitions there were
 * @returns milliseconds; undefined where it is not repeated
 */
export function repeatDelayMs(
  { retries, retryDelayMs }: Pick<ScheduleConfig, 'retries' | 'retryDelayMs'>,
  attempt: number,
  exitCode: ExitCode,
): number | undefined {
  return retriableExitCodes.has(exitCode) && attempt < retries ? retryDelayMs * 2 ** attempt : undefined;
}

/**
 * The same run for what was not verified since the first attempt began; its arguments say so in the run log.
 *
 * @param sinceFirstMs by the monotonic clock: the database measures the age by its own, and no two clocks are compared
 */
export function repetition(settings: RunSettings, sinceFirstMs: number): RunSettings {
  const seconds = Math.ceil(sinceFirstMs / 1000);
  return {
    ...settings,
    maxAgeMs: seconds * 1000,
    origin: { ...settings.origin, arguments: `--max-age=${seconds}s` },
  };
}
