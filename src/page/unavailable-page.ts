import type { FatalCode } from '../errors.ts';
import { pageDocument } from './document.ts';
import { html } from './html.ts';
import { banner, favicon } from './masthead.ts';

/**
 * The page while the database does not answer or cannot be used. It says no more of the reason than its kind: the
 * message, which the log has, names the database.
 */
export function renderUnavailablePage(code: FatalCode, program: string, at: Date): string {
  const sentence = `Nobody can say whether today’s reports can be trusted: ${reasons[code] ?? 'the database cannot be read'}.`;
  const below = html`<p>${advice(code)} <code class="command">${program} check</code> says where it is stuck, and so does the log. Codes that were stored are not
lost by this; reports that can reach the database go on with what was verified last.</p>`;
  return pageDocument({
    title: 'The database is away · obs-code-sync',
    icon: favicon('bad'),
    content: html`${banner('bad', sentence, '', at)}<main>${below}</main>`,
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
