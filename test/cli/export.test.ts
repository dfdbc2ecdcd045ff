import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { read } from '@e965/xlsx';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { countFitting } from '../../src/commands/export.ts';
import { openDatabase } from '../../src/store/database.ts';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';

const database = await testDatabase();
afterAll(() => database.close());

const hostile = {
  '007': '=1+2',
  '00605': ' Busy, "very" \nindeed\r ',
  '0_x000D_': '_x0041_ \u0001\u000b & <b> _x',
  '1e5': '+49 30\t12',
  '@SUM': '忙线 😀',
  empty: '',
  none: null,
};
const client = new pg.Client({ connectionString: database.url });
await client.connect();
for (const [code, text] of Object.entries(hostile)) {
  await client.query(
    `insert into obs.result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
     values ('prod', 1, $1, $2, '2026-01-01 02:00:00.123456Z', '2026-01-02 02:00Z')`,
    [code, text],
  );
}
await client.query(
  `insert into obs.vdn (source, vdn_id) values ('prod', 1), ('prod', 2), ('test', 1);
   insert into obs.result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at, removed_at)
   values ('prod', 2, '00605', 'Gone', '2026-01-01Z', '2026-01-02Z', '2026-01-02Z'),
     ('test', 1, '00605', 'Busy', '2026-01-01Z', '2026-01-01Z', null)`,
);
await client.end();

const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-export-'));
afterAll(() => rm(directory, { recursive: true }));
const config = await writeConfig(directory, {
  database: { url: database.url },
  sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1] }],
});
const exported = (...args: string[]) => call(['export', ...args], config);
/** A part of the file, as the reader shows it where it is asked to. */
const part = z.object({ content: z.instanceof(Uint8Array).optional() });
const header = ['source', 'vdn_id', 'obs_code', 'obs_code_desc', 'first_seen_at', 'changed_at', 'removed_at'];

describe('an xlsx file', () => {
  const file = path.join(directory, 'codes.xlsx');

  test('holds every value as text, also one that looks like a number or a formula, in one sheet with a frozen header and a filter', async () => {
    expect(await exported('--source', 'prod', '--with-removed', '--output', file)).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    const book = read(await readFile(file), { cellNF: true, cellFormula: true, bookFiles: true });
    expect(book.SheetNames).toEqual(['OBS codes']);
    const sheet = book.Sheets['OBS codes'] ?? {};
    const cells = Object.entries(sheet).filter(([name]) => /^[A-G]\d+$/.test(name));
    for (const [name, cell] of cells) expect(cell, name).toMatchObject({ t: 's', z: '@' });
    expect(cells.filter(([, cell]) => 'f' in cell)).toEqual([]);
    const values = new Map(cells.map(([name, { v }]) => [name, v]));
    expect(header.map((_, index) => values.get(`${'ABCDEFG'[index]}1`))).toEqual(header);
    const rows = [...Array(8).keys()].map((index) => index + 2);
    const described = rows.map((row) => [values.get(`C${row}`), values.get(`D${row}`) ?? null]);
    expect(Object.fromEntries(described.slice(0, -1))).toEqual(hostile);
    expect(described.at(-1)).toEqual(['00605', 'Gone']);
    expect(['A9', 'B9', 'E9', 'G9', 'G8'].map((name) => values.get(name))).toEqual([
      ...['prod', '2', '2026-01-01T00:00:00.000000Z', '2026-01-02T00:00:00.000000Z', undefined],
    ]);

    expect(sheet['!autofilter']).toEqual({ ref: 'A1:G9' });
    expect(book.Workbook?.Names).toContainEqual(
      expect.objectContaining({ Name: '_xlnm._FilterDatabase', Ref: `'OBS codes'!$A$1:$G$9`, Hidden: true }),
    );
    const { files } = z.object({ files: z.record(z.string(), part) }).parse(book);
    expect(Buffer.from(files['xl/worksheets/sheet1.xml']?.content ?? []).toString()).toContain(
      '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>',
    );
  });

  test('is the same on stdout', async () => {
    const command = `exec "$0" "$1" export --config "$2" --source prod --with-removed > "$3"`;
    const copy = path.join(directory, 'stdout.xlsx');
    spawnSync('sh', ['-c', command, process.execPath, path.resolve('src/main.ts'), config, copy]);
    expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
  });

  test('that a sheet cannot hold is refused before anything is written, and what was there stays', async () => {
    await query(
      database.url,
      `update obs.result_code set obs_code_desc = repeat('😀', 16384) where source = 'test'`,
    );
    await writeFile(file, 'of yesterday');
    expect(await exported('--output', file)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/description of 00605 in VDN 1 of test is longer.*--format csv/),
    });
    expect(await readFile(file, 'utf8')).toBe('of yesterday');
    expect((await exported('--source', 'prod', '--output', file)).exitCode).toBe(0);
    expect((await readFile(file)).length).toBeGreaterThan(1000);
    expect((await readdir(directory)).filter((name) => name.endsWith('.part'))).toEqual([]);

    const { db, close } = await openDatabase({ url: database.url, schema: 'obs' });
    const filter = { source: 'prod', withRemoved: false };
    expect(await countFitting(db, filter, { rows: 7, cellText: 100 })).toBe(7);
    await expect(countFitting(db, filter, { rows: 6, cellText: 100 })).rejects.toThrow(
      'There are 7 codes, and a sheet holds 6. Narrow them down with --source or --vdn, or take --format csv.',
    );
    await close();
  });
});

test('a full disk is reported once, and ends the export', () => {
  const command = 'exec "$0" "$1" export --format csv --config "$2" > /dev/full';
  const { status, stderr } = spawnSync('sh', [
    '-c',
    command,
    process.execPath,
    path.resolve('src/main.ts'),
    config,
  ]);
  expect(status).toBe(1);
  expect(stderr.toString().match(/cannot be written: ENOSPC/g)).toHaveLength(1);
});

test('a csv file is RFC 4180 with a byte order mark and the values as they are; no value and an empty text differ', async () => {
  const { stdout, exitCode } = await exported('--format', 'csv', '--source', 'prod', '--vdn', '1');
  expect(exitCode).toBe(0);
  const times = '2026-01-01T02:00:00.123456Z,2026-01-02T02:00:00.000000Z,';
  const lines = [
    `prod,1,007,=1+2,${times}`,
    `prod,1,00605," Busy, ""very"" \nindeed\r ",${times}`,
    `prod,1,empty,"",${times}`,
    `prod,1,none,,${times}`,
  ];
  expect(stdout.startsWith(`\ufeff${header.join(',')}\r\n`)).toBe(true);
  expect(stdout.endsWith('\r\n')).toBe(true);
  for (const line of lines) expect(stdout).toContain(`\r\n${line}\r\n`);
});

test.each([
  [['--source', 'prdo'], /no source prdo; it has prod, test/],
  [['--vdn', '3'], /no VDN 3/],
  [
    ['--output', path.join(directory, 'missing', 'codes.xlsx')],
    /written to \S*missing\/codes\.xlsx: there is no such folder\. Name another --output\.$/m,
  ],
  [['--output', ''], /--output <file>.*a file is expected/],
])('%j is refused', async (args, message) => {
  expect(await exported('--format', 'csv', ...args)).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringMatching(message),
  });
  expect(existsSync(path.join(directory, 'missing'))).toBe(false);
});
