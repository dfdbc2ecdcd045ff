import xterm from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { table } from '../../../src/commands/terminal.ts';

const chinese = (number: number) => `${'外呼任务因客户拒绝接听而结束'.repeat(4)}第${number}号`;
const arabic = 'انتهت المكالمة الصادرة لأن العميل رفض الرد على المكالمة عدة مرات';
const head = ['change', 'code', 'before', 'after', 'VDN'];
const rows = [
  ['changed', '00601', chinese(1), chinese(2), '1-40'],
  [
    'changed',
    '00602',
    arabic,
    'A text of several words that is too long for its column by far, and then some.',
    '7',
  ],
  ['changed', 'x'.repeat(255), 'é', '—', '9999'],
];

/** How a terminal shows it: a row that it had to wrap makes more rows than there are lines. */
async function rowsOnScreen(text: string, columns: number): Promise<number> {
  const screen = new xterm.Terminal({ cols: columns, rows: 10, scrollback: 1000, allowProposedApi: true });
  await new Promise<void>((resolve) => screen.write(text.replaceAll('\n', '\r\n'), resolve));
  const { baseY, cursorY } = screen.buffer.active;
  return baseY + cursorY + 1;
}

/** All cells of a column, put together again. */
const without = (text: string) => text.replaceAll(/\s/g, '');

describe.each([40, 80, 200])('a table for %i cells', (columns) => {
  const text = table(head, rows, { width: columns });

  test('fits', async () => {
    expect(await rowsOnScreen(text, columns)).toBe(text.split('\n').length);
  });

  test('cuts nothing', () => {
    const letters = [...without(text)].toSorted().join('');
    const expected = [...without([...head, ...rows.flat()].join(''))].toSorted().join('');
    expect(letters.replaceAll('─', '')).toBe(expected);
  });
});

test('elsewhere each row is one line', () => {
  const lines = table(head, rows, { width: Number.POSITIVE_INFINITY }).split('\n');
  expect(lines).toHaveLength(2 + rows.length);
  expect(lines[2]).toContain(`${chinese(1)}  ${chinese(2)}`);
});

test('columns stand below each other with any characters', () => {
  const lines = table(
    ['text', 'code'],
    [
      ['中文', '1'],
      ['abcdef', '2'],
      ['e\u0301', '3'],
    ],
    { width: 80 },
  ).split('\n');
  expect(lines).toEqual(['text    code', '──────  ────', '中文    1', 'abcdef  2', 'e\u0301       3']);
});
