import type { Config } from '../config/schema.ts';
import { formatSpan } from '../domain/text.ts';
import { type ExitCode, exitCodes, FatalError } from '../errors.ts';
import { type Circumstances, circumstances, futureInstants } from '../store/circumstances.ts';
import type { OpenDatabase } from '../store/database.ts';
import { requireRunnable } from '../store/runnable.ts';
import { withDatabase } from './common.ts';

export interface Finding {
  readonly what: string;
  readonly verdict: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

/** A run's lock, three for its reading and writing, and one for the page and the metrics. */
const connectionsOfRun = 5;
const clockWarningMs = 60_000;

/**
 * The database's part of `check`: whether a run could use it. A failure is reported together with what was found
 * before.
 */
export async function checkDatabase({
  database: config,
}: Config): Promise<{ findings: Finding[]; exitCode: ExitCode }> {
  const findings: Finding[] = [];
  try {
    await withDatabase(config, async (database) => {
      findings.push(...describe(await circumstances(database.db), database));
      await requireRunnable(database);
      const { schema } = config;
      findings.push({
        what: 'schema',
        verdict: 'ok',
        detail: `${schema} is up to date, and every right is there`,
      });
      findings.push(...(await describeTables(database)));
    });
    return { findings, exitCode: exitCodes.done };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    findings.push({ what: 'database', verdict: 'failed', detail: error.message });
    return { findings, exitCode: error.exitCode };
  }
}

function describe(found: Circumstances, { where }: OpenDatabase): Finding[] {
  const { version, role, encoding, clockAheadMs, freeConnections } = found;
  const warning = (what: string, detail: string): Finding => ({ what, verdict: 'warning', detail });
  return [
    { what: 'database', verdict: 'ok', detail: `Postgres ${version} ${where}, as the role ${role}` },
    ...(encoding === 'UTF8'
      ? []
      : [
          warning(
            'database, encoding',
            `${encoding}: codes with characters that it cannot hold fail their VDN; UTF8 holds all`,
          ),
        ]),
    ...(Math.abs(clockAheadMs) <= clockWarningMs
      ? []
      : [
          warning(
            'database, clock',
            `the database's clock is ${formatSpan(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} ` +
              "this machine's; ages and history follow the database's",
          ),
        ]),
    ...(freeConnections >= connectionsOfRun
      ? []
      : [
          warning(
            'database, connections',
            `${Math.max(0, freeConnections)} more are allowed now, and a run with the page needs ${connectionsOfRun}`,
          ),
        ]),
  ];
}

async function describeTables({ db, schema }: OpenDatabase): Promise<Finding[]> {
  const future = await futureInstants(db);
  return future.map(({ column, newest }) => ({
    what: 'database, future',
    verdict: 'warning',
    detail:
      `${schema}.${column} goes up to ${newest.toISOString()}: the clock was ahead when that was written. VDNs that were ` +
      'verified then are not fresh until a run verifies them again',
  }));
}
