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
    (_, column) =>
      Math.max(...rows.map((row) => stripVTControlCharacters(row[column] ?? '').length)) + padding,
  );
  const borders = widths.length + 1;
  const excess =
    widths.reduce((sum, width) => sum + width, borders) - (process.stdout.columns ?? widthElsewhere);
  const widest = Math.max(...widths);
  if (excess > 0) widths[widths.indexOf(widest)] = Math.max(widest - excess, narrowest);
  return widths;
}

/** Prints one JSON document on stdout. */
export function printJson(value: unknown): void {
  print(harmlessJson(value));
}

/** Prints lines on stdout. */
export function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
