import { styleText } from 'node:util';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { harmlessJson } from '../domain/quote.ts';

type Colour = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

/** For a terminal that does not report its size. */
const usualColumns = 80;

const gap = '  ';

/** The least width of a column, even where the table then is wider than the screen. */
const narrowest = 4;

/** How many cells a line may take: those of the terminal, and without a limit in a file or a pipe. */
function screenWidth(): number {
  const { isTTY, columns } = process.stdout;
  return isTTY ? columns || usualColumns : Number.POSITIVE_INFINITY;
}

/** How much of a long list is shown: a person gets a part of it, a file or a pipe all. */
export function mostOnScreen(most: number): number {
  return process.stdout.isTTY ? most : Number.POSITIVE_INFINITY;
}

/** Colours text for stdout where that is a terminal and NO_COLOR is not set. */
export function coloured(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout, validateStream: true });
}

/**
 * A table for people, as text without a line break at the end. Nothing is cut: text that is too long for its column is
 * wrapped, within words if necessary. Cells may be coloured; escape foreign text first.
 *
 * @param notes what is to be said of each row below it, where a column would be too narrow for a sentence
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width = screenWidth(), notes = [] }: { width?: number; notes?: readonly string[] } = {},
): string {
  const widths = columnWidths([head, ...rows], width);
  const titles = head.map((title) => coloured('bold', title));
  const rule = widths.map((cells) => '─'.repeat(cells));
  return [
    ...[titles, rule].flatMap((row) => tableLines(row, widths)),
    ...rows.flatMap((row, index) => [...tableLines(row, widths), ...noteLines(notes[index] ?? '', width)]),
  ].join('\n');
}

function noteLines(note: string, width: number): string[] {
  if (note === '') return [];
  return note.split('\n').flatMap((line) =>
    wrapped(line, width - gap.length)
      .split('\n')
      .map((text) => gap + text),
  );
}

function tableLines(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, column) => wrapped(row[column] ?? '', width).split('\n'));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => padded(lines[line] ?? '', widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** As wide as the cells; if that is too much, the widest columns shrink until all fit. */
function columnWidths(rows: readonly (readonly string[])[], available: number): number[] {
  const natural = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))),
  );
  const room = available - gap.length * (natural.length - 1);
  const total = (cap: number) => natural.reduce((sum, width) => sum + Math.min(width, cap), 0);
  let cap = Math.max(narrowest, ...natural);
  while (cap > narrowest && total(cap) > room) cap--;
  // The last step may shrink too much; the rest is given back, one cell each.
  let spare = room - total(cap);
  return natural.map((width) => (width > cap && spare-- > 0 ? cap + 1 : Math.min(width, cap)));
}

function wrapped(text: string, width: number): string {
  return stringWidth(text) <= width ? text : wrapAnsi(text, width, { hard: true });
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** Prints a command to copy, indented; broken between its options where it is too long, as a shell allows it. */
export function printCommand(command: string): void {
  const [first = '', ...words] = command.split(/ (?=--)/);
  const lines = [`  ${first}`];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (stringWidth(`${longer} \\`) <= screenWidth()) lines.splice(-1, 1, longer);
    else lines.push(`    ${word}`);
  }
  process.stdout.write(`${lines.join(' \\\n')}\n`);
}

/** Prints one JSON document on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${harmlessJson(value)}\n`);
}

/** Prints lines on stdout; on a terminal those that are too long are wrapped between words. */
export function print(...lines: readonly string[]): void {
  for (const line of lines.flatMap((text) => text.split('\n')))
    process.stdout.write(`${wrapped(line, screenWidth())}\n`);
}
