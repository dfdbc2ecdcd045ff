import { describe, expect, test } from 'vitest';
import type { Page } from '../../../src/domain/complete-snapshot.ts';
import { RetriableError, VdnError } from '../../../src/errors.ts';
import { parsePageOf } from '../../support/parsed-page.ts';

const success = { resultCode: '0200000', returnCode: '0200000' };
const rows = [{ obsCodeDesc: 'Busy.', obsCode: '00605' }, { obsCode: '00604' }];

const parseBytes = (body: Uint8Array, behind = false) => parsePageOf(body, { pageNum: 2, behind });
const parseText = (text: string) => parseBytes(Buffer.from(text));
const parse = (answer: unknown) => parseText(JSON.stringify(answer));
const parseBehind = (answer: unknown) => parseBytes(Buffer.from(JSON.stringify(answer)), true);

function failure(read: () => unknown): VdnError {
  try {
    read();
  } catch (error) {
    if (error instanceof VdnError) return error;
  }
  throw new Error('no VdnError');
}

test('a page of the vendor’s sample', () => {
  const sample = {
    obsCodes: rows,
    ...success,
    resultDesc: 'query queryOBSResultCode Success!',
    totalCount: 120,
    returnDesc: 'query queryOBSResultCode Success!',
  };
  expect(parse(sample)).toEqual({
    total: 120,
    rows: [
      { obsCode: '00605', obsCodeDesc: 'Busy.' },
      { obsCode: '00604', obsCodeDesc: null },
    ],
  });
});

test('descriptions of the result do not matter to a success', () => {
  for (const desc of [{}, { resultDesc: null }, { resultDesc: 5, returnDesc: [] }]) {
    expect(parse({ ...success, ...desc, totalCount: 0, obsCodes: [] })).toEqual({ total: 0, rows: [] });
  }
});

describe('a failure code inside a 200', () => {
  test.each([
    ['0200001', 'parameter error'],
    ['02000001', 'empty parameter'],
    ['02000003', 'parameter longer than allowed'],
    ['02000007', 'wrong parameter value'],
    ['02000011', 'more parameters than allowed'],
    ['0999999', 'a code that the interface does not document'],
    ['constructor', 'a code that the interface does not document'],
  ])('%s is named and explained', (code, meaning) => {
    const error = failure(() => parse({ resultCode: code, returnCode: code, resultDesc: 'pageNum' }));
    expect(error.code).toBe('isales-error');
    expect(error).not.toBeInstanceOf(RetriableError);
    expect(error.message).toBe(
      `the server answered with failure code "${code}": ${meaning}; it says "pageNum". Check that this VDN exists there ` +
        'and that the key may query it; else take it out of vdns',
    );
  });

  test.each([
    ['resultCode alone', { resultCode: '0200001' }],
    ['returnCode alone', { returnCode: '0200001' }],
    ['resultCode beside a success', { ...success, resultCode: '0200001' }],
    ['returnCode beside a success', { ...success, returnCode: '0200001' }],
    ['beside a list', { ...success, returnCode: '0200001', totalCount: 1, obsCodes: [{ obsCode: '1' }] }],
  ])('is a failure in %s', (_, answer) => {
    expect(failure(() => parse(answer)).code).toBe('isales-error');
  });

  test('0200006 is a fault of the server’s own database, and worth another attempt', () => {
    const error = failure(() => parse({ returnCode: '0200006' }));
    expect(error).toBeInstanceOf(RetriableError);
    expect(error.message).toMatch(/database operation exception/);
  });

  test('what the server says reaches no terminal as it is', () => {
    const { message } = failure(() => parse({ resultCode: '1\u001b[2J', resultDesc: '\u202e\n' }));
    expect(message).toMatch(/^[ -~]+$/);
  });
});

describe('no list as the interface describes it', () => {
  test.each<[string, unknown, RegExp]>([
    ['null', null, /no object with resultCode/],
    ['a list', [], /no object|lacks/],
    ['a number', 5, /no object with resultCode/],
    ['a code that is a number', { resultCode: 200000, returnCode: '0200000' }, /no object with resultCode/],
    ['no code at all', { totalCount: 1, obsCodes: rows }, /lacks resultCode/],
    ['no list', { ...success, totalCount: 1 }, /page 2 states 1 codes and has no list/],
    ['null as list', { ...success, totalCount: 1, obsCodes: null }, /no list/],
    ['a text as list', { ...success, totalCount: 0, obsCodes: '' }, /page 2 does not hold a list.*obsCodes/],
    ['no total', { ...success, obsCodes: rows }, /totalCount/],
    ['a total as text that is no number', { ...success, totalCount: '2 ', obsCodes: rows }, /totalCount/],
    ['a total as empty text', { ...success, totalCount: '', obsCodes: rows }, /totalCount/],
    ['a negative total', { ...success, totalCount: -1, obsCodes: rows }, /totalCount/],
    ['half a total', { ...success, totalCount: 2.5, obsCodes: rows }, /totalCount/],
  ])('%s is a bad-response', (_, answer, problem) => {
    const error = failure(() => parse(answer));
    expect(error.code).toBe('bad-response');
    expect(error.message).toMatch(problem);
    expect(error.message).toMatch(/Check that baseUrl leads to the CC-iSales open API/);
  });

  test('a total of 100,000 is taken', () => {
    expect(parse({ ...success, totalCount: 100_000, obsCodes: [] }).total).toBe(100_000);
  });

  test.each([100_001, '100001'])('a total of %j is too-large', (totalCount) => {
    const error = failure(() => parse({ ...success, totalCount, obsCodes: rows }));
    expect([error.code, error.message]).toEqual(['too-large', expect.stringMatching(/100001 codes/)]);
  });

  test('a row that is not a row is bad-row, with page and row', () => {
    const error = failure(() => parse({ ...success, totalCount: 3, obsCodes: [...rows, { obsCode: 7 }] }));
    expect([error.code, error.message]).toEqual(['bad-row', expect.stringMatching(/^page 2, row 3 /)]);
  });
});

describe('taken as it is meant', () => {
  const both = [
    { obsCode: '00605', obsCodeDesc: 'Busy.' },
    { obsCode: '00604', obsCodeDesc: null },
  ];
  test.each<[string, unknown, Page]>([
    ['a total as digits', { ...success, totalCount: '2', obsCodes: rows }, { total: 2, rows: both }],
    ['resultCode alone', { resultCode: '0200000', totalCount: 2, obsCodes: rows }, { total: 2, rows: both }],
    ['returnCode alone', { returnCode: '0200000', totalCount: 2, obsCodes: rows }, { total: 2, rows: both }],
    ['no list and no code', { ...success, totalCount: 0 }, { total: 0, rows: [] }],
    ['null and no code', { ...success, totalCount: '0', obsCodes: null }, { total: 0, rows: [] }],
  ])('%s', (_, answer, page) => {
    expect(parse(answer)).toEqual(page);
  });

  test.each<[string, unknown, Page['rows']]>([
    ['no list', { ...success }, []],
    ['null', { ...success, totalCount: 120, obsCodes: null }, []],
    ['any total', { ...success, totalCount: -1, obsCodes: [] }, []],
    ['rows', { ...success, totalCount: 'x', obsCodes: rows }, both],
  ])('behind the last page: %s', (_, answer, expected) => {
    expect(parseBehind(answer).rows).toEqual(expected);
  });
});

test('fields that the documents do not have are named, wherever they are', () => {
  const seen: string[] = [];
  const answer = { ...success, totalCount: 1, obsCodes: [{ obsCode: '1', kind: 1 }], 'pages\u001b[2J': 3 };
  const onUnknownField = (name: string) => seen.push(name);
  parsePageOf(Buffer.from(JSON.stringify(answer)), { onUnknownField });
  expect(seen).toEqual(['"pages\\u001b[2J"', '"obsCodes.kind"']);
});

describe('no JSON', () => {
  test.each([
    ['an empty body', '', /an empty body/],
    ['blanks', ' \n', /an empty body/],
    ['HTML', '<!DOCTYPE html><html>…', /an HTML page instead of JSON; a firewall or a proxy/],
    ['JSON cut off', '{"obsCodes":[{"obsCode":"006', /JSON that is cut off or malformed/],
    ['plain text', 'upstream request timeout', /something that is not JSON/],
    ['two documents', '{}{}', /JSON that is cut off or malformed/],
  ])('%s is not-json and worth another attempt', (_, text, kind) => {
    const error = failure(() => parseText(text));
    expect(error).toBeInstanceOf(RetriableError);
    expect([error.code, error.message]).toEqual(['not-json', expect.stringMatching(kind)]);
  });

  test('bytes that are no UTF-8 are not repaired', () => {
    const latin1 = Buffer.from(JSON.stringify({ ...success, totalCount: 0, obsCodes: [], a: 'é' }), 'latin1');
    const error = failure(() => parseBytes(latin1));
    expect([error.code, error.message]).toEqual(['not-json', expect.stringMatching(/not UTF-8/)]);
  });

  test('a message quotes nothing of the body', () => {
    const error = failure(() => parseText('secret-key-echoed'));
    expect(`${error.message} ${String(error.cause)}`).not.toContain('echoed');
  });
});
