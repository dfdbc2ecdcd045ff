import fc from 'fast-check';
import { failureBody, pageBody } from '../../src/simulator/answers.ts';
import { Lists } from '../../src/simulator/lists.ts';

const rows = (count: number) => new Lists(count).rowsJson(25, 'en_US', 0, count);
const chineseRows = new Lists(7).rowsJson(25, 'zh_CN', 0, 7);

/** Bodies as a server really sends them. */
const realBodies: readonly string[] = [
  pageBody(rows(5), '120'),
  pageBody(rows(50), '120'),
  pageBody(chineseRows, '7'),
  pageBody('', '0'),
  failureBody({ resultCode: '0200001', resultDesc: 'vdnId is wrong' }),
];

/** What breaks parsers, as bytes. */
const nasty = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    'true',
    '0',
    '-',
    '-1',
    '1.5',
    '1e999',
    '1e9',
    '""',
    '{}',
  ],
  ...[
    '\\u0000',
    '\\ud800',
    '\\udc00',
    '\0',
    '\u001b[2J',
    '\u202e',
    '\u2028',
    '\ufeff',
    '😀',
    '"__proto__":{},',
  ],
  ...[
    '"obsCodes":null,',
    '"totalCount":"5",',
    '"resultCode":1,',
    '<html>',
    '//',
    '/*',
    'NaN',
    '\r\n',
    '['.repeat(5000),
  ],
].map((text) => Buffer.from(text));
const brokenUtf8 = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]].map((bytes) =>
  Buffer.from(bytes),
);

/** A place in a body, as a share of its length, so that it can be moved to any body. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const shortLength = fc.integer({ min: 0, max: 40 });
const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
const inserted = fc.oneof(fc.constantFrom(...nasty), fc.constantFrom(...brokenUtf8), anyBytes);

type Mutation = (body: Buffer) => Buffer;

const at = (body: Buffer, share: number) => Math.floor(share * body.length);

const byteMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([where, bit]) => (body: Buffer) => {
    const flipped = Buffer.from(body);
    const index = Math.min(at(body, where), body.length - 1);
    if (index >= 0) flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
    return flipped;
  }),
  fc.tuple(place, inserted).map(
    ([where, bytes]) =>
      (body: Buffer) =>
        splice(body, at(body, where), 0, bytes),
  ),
  fc.tuple(place, inserted).map(
    ([where, bytes]) =>
      (body: Buffer) =>
        splice(body, at(body, where), bytes.length, bytes),
  ),
  fc.tuple(place, shortLength).map(
    ([where, length]) =>
      (body: Buffer) =>
        splice(body, at(body, where), length),
  ),
  place.map((where) => (body: Buffer) => body.subarray(0, at(body, where))),
  fc.tuple(place, place).map(([from, to]) => (body: Buffer) => {
    const part = body.subarray(at(body, Math.min(from, to)), at(body, Math.max(from, to)));
    return splice(body, at(body, to), 0, part);
  }),
);

const hostileValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1.5,
    1e9,
    100_001,
    true,
    [],
    {},
    '0200000',
    '\0',
    '\ud800',
    '\udc00x',
  ),
  fc.constantFrom<unknown>('x'.repeat(300), '😀'.repeat(255), '\u001b]0;x\u0007', { obsCode: 'A' }, [[{}]]),
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
);

/** One value of the body replaced, or one member added. */
const valueMutation: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.constantFrom('obsCodes', 'totalCount', 'resultCode', 'returnCode', 'resultDesc', '__proto__', 'more'),
    fc.constantFrom('answer', 'row', 'code', 'description'),
    place,
    hostileValue,
  )
  .map(([member, what, where, value]) => (body: Buffer) => {
    const answer = asObject(body);
    if (answer === undefined) return body;
    const { obsCodes: list } = answer;
    if (what === 'answer' || !Array.isArray(list) || list.length === 0) {
      return Buffer.from(
        `${JSON.stringify(answer).slice(0, -1)},${JSON.stringify(member)}:${jsonOf(value)}}`,
      );
    }
    const index = Math.min(Math.floor(where * list.length), list.length - 1);
    const row: unknown = list[index];
    const bent = {
      row: value,
      code: { ...Object(row), obsCode: value },
      description: { ...Object(row), obsCodeDesc: value },
    };
    return Buffer.from(JSON.stringify({ ...answer, obsCodes: list.with(index, bent[what]) }));
  });

/** Bodies of answers: real ones with up to six changes, and sometimes a body that is no answer at all. */
export const responseBody: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 20, arbitrary: mutated(fc.oneof(byteMutation, valueMutation)) },
  { weight: 10, arbitrary: mutated(valueMutation) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
);

function mutated(mutation: fc.Arbitrary<Mutation>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...realBodies), fc.array(mutation, { maxLength: 6 }))
    .map(([body, mutations]) => mutations.reduce<Buffer>((bent, mutate) => mutate(bent), Buffer.from(body)));
}

function splice(body: Buffer, start: number, removed: number, bytes: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([body.subarray(0, start), bytes, body.subarray(start + removed)]);
}

function asObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
