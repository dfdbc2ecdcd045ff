import * as z from 'zod';
import { parseDatabaseUrl } from './database-url.ts';
import { duration, mapping, number, oneOf, parsedText, text, wholeNumber } from './fields.ts';
import { sourceSchema } from './source-schema.ts';
import { parseHookUrl } from './urls.ts';

/**
 * What an operator may write in the configuration file, and what the program makes of it: the one definition, from
 * which `config.schema.json` is generated. Relative paths begin at `directory`, the configuration file's.
 */
export function configSchema(directory: string, env: NodeJS.ProcessEnv = {}) {
  return mapping({
    database: mapping({
      url: parsedText('postgres://…, postgresql://… or pglite:DIR', (url) =>
        parseDatabaseUrl(url, directory),
      ).describe(
        'postgres://user:password@host/name (direct, or pooled by session; several hosts as in postgres://u@a:5432,b:5432/name?target_session_attrs=read-write), or pglite:DIR for the embedded database in a directory beside this file.',
      ),
      schema: text(
        'at most 63 of a-z, 0-9 and _, not a digit first and not beginning with pg_',
        /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/,
      )
        .default('obs')
        .describe('The Postgres schema that holds the tables.'),
    }).describe('Where the codes are kept.'),
    sources: z
      .array(sourceSchema(directory, env), 'expected a list of sources')
      .min(1, 'expected at least one source')
      .superRefine(refuseRepeatedNames, { when: ({ value }) => Array.isArray(value) })
      .describe('The CC-iSales servers to read from.'),
    guard: mapping({
      removedShare: number(0, 1)
        .default(0.2)
        .describe('Hold a VDN that would lose more than this share of its codes.'),
      rewrittenShare: number(0, 1)
        .default(0.5)
        .describe('Hold a VDN that would see more than this share of its descriptions change.'),
      atLeast: wholeNumber(1, 100_000)
        .default(3)
        .describe('Hold a VDN only where at least this many codes are concerned.'),
      source: mapping({
        removedShare: number(0, 1)
          .default(0.05)
          .describe('Hold them where they would lose more than this share of all codes of the source.'),
        atLeast: wholeNumber(1, 100_000_000)
          .default(50)
          .describe('Hold them only where at least this many codes are concerned.'),
      })
        .prefault({})
        .describe('The VDNs of a source that lose codes, taken together, where they are two or more.'),
    })
      .prefault({})
      .describe('Which changes are held until a person approves them.'),
    schedule: mapping({
      cron: text('a cron expression such as "15 2 * * *"').describe('When to sync: a cron expression.'),
      timezone: text('a time zone')
        .refine(isTimezone, 'expected a time zone such as Asia/Shanghai or UTC')
        .default('UTC')
        .describe('The time zone of the cron expression.'),
      retries: wholeNumber(0, 10)
        .default(3)
        .describe('How often a run that ended with 3, 5, 6 or 75 is repeated for what it did not verify.'),
      retryDelay: duration('1h')
        .prefault('10m')
        .describe('How long until the first repetition; each further one waits twice as long.'),
    })
      .transform(({ retryDelay, ...schedule }) => ({ ...schedule, retryDelayMs: retryDelay }))
      .exactOptional()
      .describe('For the command "schedule".'),
    http: mapping({
      host: text('an address to listen on').default('127.0.0.1').describe('The address to listen on.'),
      port: wholeNumber(0, 65535, '; 0 takes any free one')
        .default(9464)
        .describe('The port; 0 takes any free one.'),
    })
      .prefault({})
      .describe('Health, metrics and the status page of the command "schedule".'),
    retention: mapping({
      runs: duration('36500d')
        .prefault('90d')
        .describe('How long runs are kept in the log; history is kept for ever.'),
    })
      .prefault({})
      .transform(({ runs }) => ({ runsMs: runs }))
      .describe('What is kept for how long.'),
    freshness: mapping({
      staleAfter: duration('36500d')
        .prefault('36h')
        .describe('A VDN not verified for longer than this is stale.'),
    })
      .prefault({})
      .transform(({ staleAfter }) => ({ staleAfterMs: staleAfter }))
      .describe('When a VDN counts as stale.'),
    run: mapping({
      maxDuration: duration(longestTimer).prefault('4h').describe('A run that takes longer is interrupted.'),
    })
      .prefault({})
      .transform(({ maxDuration }) => ({ maxDurationMs: maxDuration }))
      .describe('Limits of one run.'),
    notify: mapping({
      url: parsedText('an http or https URL', parseHookUrl).describe(
        'Gets a POST of JSON with a text, as chat tools take it. A secret.',
      ),
    })
      .exactOptional()
      .describe('Where to send what a run began to hold, what began to fail, and when that is over.'),
    log: mapping({
      level: oneOf(logLevels).default('info').describe('The least severe level that is logged.'),
    })
      .prefault({})
      .describe('The log.'),
  });
}

/**
 * The configuration as the program uses it: defaults applied, placeholders filled in, files read, durations in
 * milliseconds (their names end in `Ms`). Never show `database.url`, `notify.url`, or a source's `secretKey`, `proxy` and
 * `headers`: they are secrets or may hold one.
 */
export type Config = z.output<ReturnType<typeof configSchema>>;
export type SourceConfig = Config['sources'][number];
export type ScheduleConfig = NonNullable<Config['schedule']>;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Node fires a timer of more than 2^31 - 1 ms (24.8 days) at once. */
const longestTimer = '24d';

function refuseRepeatedNames(sources: readonly unknown[], context: z.core.$RefinementCtx): void {
  const owners = new Map<string, number>();
  for (const [index, source] of sources.entries()) {
    if (typeof source !== 'object' || source === null || !('name' in source)) continue;
    if (typeof source.name !== 'string') continue;
    const owner = owners.get(source.name);
    if (owner === undefined) owners.set(source.name, index);
    else {
      const message = `the name of sources[${owner}] already; expected another one`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    }
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
