import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import { harmlessJson } from '../domain/quote.ts';

type Colour = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

/** Of a table that is written to a file or a log. */
const widthElsewhere = 140;

/** A column of foreign text stays readable, even where the table then is wider than the screen. */
const narrowest = 30;

/** Colours text for stdout where that is a terminal and NO_COLOR is not set. */
export function coloured(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout, validateStream: true });
}

/** A table for people, as text without a line break at the end. Cells may be coloured; make foreign text harmless first. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const result = new Table({
    head: head.map((title) => coloured('bold', title)),
    style: { head: [], border: [], compact: true },
    wordWrap: true,
    colWidths: columnWidths([head, ...rows]),
  });
  result.push(...rows.map((row) => [...row]));
  return result.toString();
}

/** As wide as the cells are, except that the widest column gives way where the screen is too narrow. */
function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const padding = 2;
  const widths = (rows[0] ?? []).map(
    (_, column) => Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))) + padding,
  );
  const borders = widths.length + 1;
  const excess =
    widths.reduce((sum, width) => sum + width, borders) - (process.stdout.columns ?? widthElsewhere);
  const widest = Math.max(...widths);
  if (excess > 0) widths[widths.indexOf(widest)] = Math.max(widest - excess, narrowest);
  return widths;
}

/** East Asian characters and emoji, which take two columns; what is counted wide but is not only costs a blank. */
const wide =
  /[\u1100-\u115f\u2e80-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{1f000}-\u{3fffd}\p{Emoji_Presentation}]/gu;

function displayWidth(cell: string): number {
  const text = stripVTControlCharacters(cell);
  return text.length + (text.match(wide)?.length ?? 0);
}

/** Prints one JSON document on stdout. */
export function printJson(value: unknown): void {
  print(harmlessJson(value));
}

/** Prints lines on stdout. */
export function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
