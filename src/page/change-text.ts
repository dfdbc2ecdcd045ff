import type { Change } from '../domain/diff.ts';
import { type Html, html } from './html.ts';
import { clipped } from './words.ts';

/** What a change does to a code's text: the old one above the new one, what differs between them marked. */
export function changeText({ kind, before, after }: Pick<Change, 'kind' | 'before' | 'after'>): Html {
  if (kind === 'added') return line('', textOf(after));
  if (kind === 'removed') return line('', textOf(before));
  if (before === after) return line('', textOf(after));
  if (before === null || after === null) {
    return html`${line('was', textOf(before))}${line('now', textOf(after))}`;
  }
  const { start, end, olds, news } = differing(clipped(before), clipped(after));
  return html`${line('was', html`${start}<del>${olds}</del>${end}`)}${line('now', html`${start}<ins>${news}</ins>${end}`)}`;
}

/** A code as the source sent it. */
export function codeText(obsCode: string): Html {
  return html`<code><bdi>${clipped(obsCode, 60)}</bdi></code>`;
}

function line(label: '' | 'was' | 'now', text: Html): Html {
  return html`<div class="text">${label === '' ? '' : html`<small>${label}</small> `}<bdi>${text}</bdi></div>`;
}

function textOf(description: string | null): Html {
  return description === null ? html`<em>no text</em>` : html`${clipped(description)}`;
}

const words = new Intl.Segmenter('en', { granularity: 'word' });

/** What two texts begin and end with alike, in whole words, and what stands between. */
function differing(before: string, after: string) {
  const olds = segments(before);
  const news = segments(after);
  const shorter = Math.min(olds.length, news.length);
  let start = 0;
  while (start < shorter && olds[start] === news[start]) start++;
  let end = 0;
  while (end < shorter - start && olds.at(-1 - end) === news.at(-1 - end)) end++;
  const between = (all: readonly string[]) => all.slice(start, all.length - end).join('');
  return {
    start: olds.slice(0, start).join(''),
    end: olds.slice(olds.length - end).join(''),
    olds: between(olds),
    news: between(news),
  };
}

function segments(text: string): string[] {
  return [...words.segment(text)].map(({ segment }) => segment);
}
