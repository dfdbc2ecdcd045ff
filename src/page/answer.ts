import { commandLine } from '../domain/invocation.ts';
import { type FatalCode, FatalError } from '../errors.ts';
import { html, pageDocument } from './html.ts';
import type { PageReport, PageSettings } from './report.ts';
import { banner, favicon, renderStatusPage } from './status-page.ts';
import { instant } from './words.ts';

export interface PageAnswer {
  /** The whole document, also where there is no report. */
  readonly page: string;
  /** Why there is none; its message names the database's host, which the page does not. */
  readonly failure: FatalError | undefined;
}

/** The page, also without a database: an older page would still say that all is well. */
export async function answerWithPage(
  read: () => Promise<PageReport>,
  settings: Pick<PageSettings, 'invocation' | 'timezone'>,
): Promise<PageAnswer> {
  try {
    return { page: renderStatusPage(await read()), failure: undefined };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { page: renderUnavailablePage(error.code, settings, new Date()), failure: error };
  }
}

/**
 * The page while the database does not answer or cannot be used. It gives only the kind of reason: the message, which
 * is in the log, names the database.
 */
export function renderUnavailablePage(
  code: FatalCode,
  { invocation, timezone }: Pick<PageSettings, 'invocation' | 'timezone'>,
  at: Date,
): string {
  const sentence = `Whether today’s reports can be trusted is not known: ${reasons[code] ?? 'the database cannot be read'}.`;
  const below = html`<p>${advice(code)} <code class="command">${commandLine(invocation, 'check')}</code> says what is wrong, and so does the log. Stored codes are
not lost; reports that can reach the database still show what was verified last.</p>`;
  return pageDocument({
    title: 'The database is away · obs-code-sync',
    icon: favicon('bad'),
    content: html`${banner('bad', html`as of ${instant(at, timezone)}`, sentence, '')}<main>${below}</main>`,
  });
}

const reasons: Partial<Record<FatalCode, string>> = {
  'database-unreachable': 'the database cannot be reached',
  'database-unusable':
    'the database answers but cannot be used, since its schema or a permission does not fit',
  locked: 'the embedded database is open in another process',
};

function advice(code: FatalCode): string {
  return code === 'database-unusable'
    ? 'Run the migrations, or grant the missing right.'
    : 'Reload this page in a minute.';
}
