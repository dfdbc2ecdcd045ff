import { formatSpan } from '../domain/text.ts';
import { type Html, html } from './html.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 2 });

/** `1.2M`, where there is little room. */
export function shortCount(number: number): string {
  return short.format(number);
}

/** How long ago something was, without more precision than is needed: `3 d`, `1 d 4 h`, `9 h`, `12 min`. */
export function age(ms: number): string {
  const unit = ms < minute ? second : ms < hour ? minute : ms < 2 * day ? hour : day;
  return formatSpan(Math.max(1, Math.floor(ms / unit)) * unit);
}

/** A limit as people set it: `36 h` rather than `1 d 12 h`. */
export function limit(ms: number): string {
  return ms % hour === 0 && ms < 100 * hour ? `${ms / hour} h` : formatSpan(ms);
}

/** `2026-11-23 10:15`, by the clocks of a time zone. */
function wallClock(at: Date, timezone: string): string {
  let format = formats.get(timezone);
  if (format === undefined) {
    // Swedish writes a date and a time as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' });
    formats.set(timezone, format);
  }
  return format.format(at);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-23 10:15 (02:15 UTC)`; where the zone's clocks show UTC, `2026-11-23 02:15 UTC`. */
export function moment(at: Date, timezone: string): string {
  const local = wallClock(at, timezone);
  const utc = wallClock(at, 'UTC');
  if (local === utc) return `${utc} UTC`;
  return `${local} (${local.slice(0, 10) === utc.slice(0, 10) ? utc.slice(11) : utc} UTC)`;
}

/** The same as an element that machines read. */
export function instant(at: Date, timezone: string): Html {
  return html`<time datetime="${at.toISOString()}">${moment(at, timezone)}</time>`;
}

/** Foreign text that might be of any length. */
export function clipped(text: string, most = 240): string {
  const characters = text.slice(0, 2 * most);
  const kept = [...characters].slice(0, most).join('');
  return kept.length === text.length ? text : `${kept}…`;
}
