import http from 'node:http';
import https from 'node:https';
import type { Logger } from 'pino';
import { environmentProxy } from '../config/proxy.ts';
import type { Config } from '../config/schema.ts';
import { commandLine, type Invocation, withCommandLines } from '../domain/invocation.ts';
import { harmless } from '../domain/quote.ts';
import { countOf, vdnRanges } from '../domain/text.ts';
import { exitCodes, FatalError } from '../errors.ts';
import type { OpenDatabase } from '../store/database.ts';
import {
  type NewlyFailing,
  type NewlyHeld,
  newlyFailing,
  newlyHeld,
  sourcesInTrouble,
} from '../store/run-news.ts';
import { RunCounters, type RunSummary } from '../sync/summary.ts';
import { shownSummary, summaryText } from './summary-file.ts';

/** Runs with its database opened, as `withDatabase` does. */
export type Opening = (work: (database: OpenDatabase) => Promise<RunSummary>) => Promise<RunSummary>;

/** Makes a run, and tells `notify.url` what a person must know of it. */
export interface Notifier {
  /**
   * @param opening opens the database for the run
   * @param run throws what the run was refused for
   * @param repeated it goes on with the run before, of which a refusal is told once
   */
  notifying(
    opening: Opening,
    run: (database: OpenDatabase) => Promise<RunSummary>,
    repeated?: boolean,
  ): Promise<RunSummary>;
}

export interface NotifierOptions {
  readonly notify: Config['notify'];
  /** The sources that the runs work on. */
  readonly sources: readonly string[];
  readonly invocation: Invocation;
  readonly logger: Logger;
  /** The program is to end. */
  readonly signal: AbortSignal;
  /** Of the one attempt. */
  readonly timeoutMs?: number;
  /** What is left of it once the program is to end. */
  readonly leftMs?: number;
}

const usualTimeoutMs = 10_000;
const usualLeftMs = 2_000;

/**
 * Tells what a run began to hold, what began to fail in it, what is over, and each refusal for the database's sake. A
 * message that cannot be sent is a warning and nothing else.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { notify, invocation, logger, signal } = options;
  const { timeoutMs = usualTimeoutMs, leftMs = usualLeftMs } = options;
  if (notify === undefined) return { notifying: (opening, run) => opening(run) };

  async function send(text: string, summary: RunSummary): Promise<void> {
    if (text === '' || notify === undefined) return;
    const failure = await post(
      notify.url,
      { text, summary: JSON.parse(summaryText(shownSummary(summary, invocation))) },
      attemptEnd(timeoutMs, leftMs, signal),
    );
    if (failure !== undefined) logger.warn(`the notification of this run failed: ${failure}`);
  }

  let refusalTold = false;
  async function sendRefusal(message: string, summary: RunSummary): Promise<void> {
    if (!refusalTold) await send(refusalText(message, invocation), summary);
    refusalTold = true;
  }

  return {
    async notifying(opening, run, repeated = false) {
      refusalTold &&= repeated;
      let text = '';
      try {
        const summary = await opening(async (database) => {
          const before = await troubleBefore(database, options);
          const ended = await run(database);
          if (!isDatabaseRefusal(ended)) text = await textOf(database, ended, before, options);
          return ended;
        });
        if (isDatabaseRefusal(summary)) await sendRefusal(summary.error?.message ?? '', summary);
        else await send(text, summary);
        return summary;
      } catch (error) {
        if (error instanceof FatalError && isDatabaseRefusal(error))
          await sendRefusal(error.message, new RunCounters({ shard: null, dryRun: false }).summary(error));
        throw error;
      }
    },
  };
}

function isDatabaseRefusal({ exitCode }: Pick<FatalError, 'exitCode'>): boolean {
  return exitCode === exitCodes.databaseUnreachable || exitCode === exitCodes.databaseUnusable;
}

/** Whether a source was in trouble; the run itself says what is wrong with a database that cannot be asked. */
async function troubleBefore(
  { db }: OpenDatabase,
  { sources }: NotifierOptions,
): Promise<ReadonlySet<string>> {
  return await sourcesInTrouble(db, sources).catch(() => new Set<string>());
}

async function textOf(
  { db }: OpenDatabase,
  { runId }: RunSummary,
  before: ReadonlySet<string>,
  { sources, invocation, logger }: NotifierOptions,
): Promise<string> {
  if (runId === null) return '';
  try {
    const after = await sourcesInTrouble(db, sources);
    const over = [...before].filter((source) => !after.has(source));
    const news = { held: await newlyHeld(db, runId), failing: await newlyFailing(db, runId), over };
    return newsText(news, invocation);
  } catch (cause) {
    logger.warn(`the notification of this run failed: the database query for it failed: ${String(cause)}`);
    return '';
  }
}

/** @returns why it failed, without the URL, whose path and host are secrets of the receiver; undefined where it did not */
async function post(url: string, body: unknown, ends: AbortSignal): Promise<string | undefined> {
  const json = JSON.stringify(body);
  const { request, Agent } = url.startsWith('https:') ? https : http;
  const proxy = environmentProxy(url, process.env);
  if (!proxy.ok) return proxy.problems.join('; ');
  const through = proxy.value === undefined ? {} : { HTTP_PROXY: proxy.value, HTTPS_PROXY: proxy.value };
  const agent = new Agent({ proxyEnv: through });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) };
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent, headers, signal: ends });
      sent.on('error', reject).on('response', (response) => {
        resolve(response.statusCode);
        response.destroy();
      });
      sent.end(json);
    });
    if (status !== undefined && status >= 200 && status < 300) return undefined;
    return `it answered with status ${status}${status !== undefined && status < 400 ? '; redirects are not followed' : ''}`;
  } catch (error) {
    return reasonOf(error, ends);
  } finally {
    agent.destroy();
  }
}

/** When the attempt has taken too long; sooner once the program is to end, whose run is over and recorded. */
function attemptEnd(timeoutMs: number, leftMs: number, stop: AbortSignal): AbortSignal {
  const ends = new AbortController();
  const endIn = (ms: number, why: string) => setTimeout(() => ends.abort(why), ms).unref();
  endIn(timeoutMs, `no answer within ${timeoutMs / 1000} s`);
  const stopping = () =>
    endIn(leftMs, `no answer within ${leftMs / 1000} s after the program was told to stop`);
  if (stop.aborted) stopping();
  else stop.addEventListener('abort', stopping, { once: true, signal: ends.signal });
  return ends.signal;
}

function reasonOf(error: unknown, ends: AbortSignal): string {
  if (ends.aborted) return String(ends.reason);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return `it could not be reached (${typeof code === 'string' ? code : 'unknown error'})`;
}

/** What a run changed for the better or the worse. */
export interface News {
  readonly held: readonly NewlyHeld[];
  readonly failing: readonly NewlyFailing[];
  /** Sources in which something was held or failing before the run, and nothing is any more. */
  readonly over: readonly string[];
}

/** As much as a chat can show; `status` has the rest. */
const mostItems = 20;
const mostCharacters = 500;

/** A run's news as lines for a chat; empty where there is none. */
export function newsText({ held, failing, over }: News, invocation: Invocation): string {
  const command = (words: string) => `\`${commandLine(invocation, words)}\``;
  const items = [
    ...held.map(
      ({ source, vdnIds, reason, plan }) =>
        `${where(source, vdnIds)} held: ${foreign(reason)}. Look at it: ${command(`status --plan ${plan}`)}; ` +
        `if it is right: ${command(`sync --approve ${plan}`)}`,
    ),
    ...failing.map(
      ({ source, vdnIds, errorCode, errorMessage }) =>
        `${where(source, vdnIds)} failing: ${errorCode ?? 'unknown'}: ${withCommandLines(foreign(errorMessage ?? ''), invocation)} ` +
        `Look at it: ${command('status')}`,
    ),
    ...over.map((source) => `${source}: it is over, none of its VDNs is held or failing any more.`),
  ];
  const hidden = items.length - mostItems;
  return [
    ...items.slice(0, mostItems),
    ...(hidden > 0 ? [`and ${hidden} more: ${command('status')}`] : []),
  ].join('\n');
}

/** A run that could not begin, or not go on, because of the database. */
function refusalText(message: string, invocation: Invocation): string {
  return `The sync failed: ${withCommandLines(foreign(message), invocation)} Look at it: \`${commandLine(invocation, 'check')}\``;
}

function where(source: string, vdnIds: readonly number[]): string {
  return `${source}: ${vdnIds.length === 1 ? 'VDN' : countOf(vdnIds.length, 'VDN')} ${vdnRanges(vdnIds)}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Text that is not the program's own, as chat tools want it: Slack reads `<…>` as links and mentions. */
function foreign(text: string): string {
  const shown = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
  return harmless(shown).replace(/[&<>]/g, (character) => entities[character] ?? '');
}
