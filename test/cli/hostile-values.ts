/** Values that must be refused: a body that holds them, and what the VDN fails with. */
export interface Refused {
  readonly what: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly errorCode: 'bad-row' | 'bad-response' | 'not-json' | 'too-large';
  /** What the operator is told, besides where. */
  readonly message: RegExp;
}

const success = '"resultCode":"0200000","returnCode":"0200000"';

/** A list of one good row and this one, as JSON texts, so that also what JavaScript cannot write can be sent. */
function listWith(row: string): string {
  return `{${success},"totalCount":2,"obsCodes":[{"obsCode":"00605","obsCodeDesc":"Busy."},${row}]}`;
}

function rowOf(what: string, row: string, message: RegExp): Refused {
  return { what, body: listWith(row), errorCode: 'bad-row', message };
}

function totalOf(total: string): Refused {
  const body = `{${success},"totalCount":${total},"obsCodes":[{"obsCode":"1","obsCodeDesc":"x"}]}`;
  return { what: `a total of ${total}`, body, errorCode: 'bad-response', message: /totalCount/ };
}

const tenMegabytes = 'x'.repeat(10 * 1024 * 1024);

export const refused: readonly Refused[] = [
  rowOf('NUL in a code', '{"obsCode":"a\\u0000b"}', /row 2 has a NUL/),
  rowOf(
    'NUL in a description',
    '{"obsCode":"a","obsCodeDesc":"\\u0000"}',
    /NUL character in its obsCodeDesc/,
  ),
  rowOf('half a surrogate pair in a code', '{"obsCode":"\\ud83d"}', /half a surrogate pair/),
  rowOf(
    'the other half in a description',
    '{"obsCode":"a","obsCodeDesc":"x\\ude00"}',
    /half a surrogate pair/,
  ),
  rowOf('a code that is a number', '{"obsCode":605,"obsCodeDesc":"x"}', /a number as obsCode/),
  rowOf('a code that is null', '{"obsCode":null,"obsCodeDesc":"x"}', /null as obsCode/),
  rowOf('an empty code', '{"obsCode":"","obsCodeDesc":"x"}', /empty text as obsCode/),
  rowOf('a code that is an object', '{"obsCode":{"toString":"x"}}', /an object as obsCode/),
  rowOf('a missing code', '{"obsCodeDesc":"x"}', /nothing as obsCode/),
  rowOf('a code below __proto__', '{"__proto__":{"obsCode":"a"}}', /nothing as obsCode/),
  rowOf('a code of 256 characters', `{"obsCode":"${'x'.repeat(256)}"}`, /256 characters/),
  rowOf('a code of a million characters', `{"obsCode":"${'x'.repeat(1e6)}"}`, /1000000 characters/),
  rowOf('a description that is a number', '{"obsCode":"a","obsCodeDesc":1}', /a number as obsCodeDesc/),
  rowOf('a description that is an object', '{"obsCode":"a","obsCodeDesc":{}}', /an object as obsCodeDesc/),
  rowOf('a row that is null', 'null', /row 2 is null/),
  rowOf('a row that is a list', '["a","b"]', /row 2 is a list/),
  rowOf('one code with two descriptions', '{"obsCode":"00605"}', /two descriptions/),
  ...['-1', '1.5', '"1.5"', '1e999', 'null', 'true', '[1]', '{}'].map(totalOf),
  { ...totalOf('1e9'), errorCode: 'too-large', message: /1000000000/ },
  {
    what: 'everything below __proto__',
    body: `{"__proto__":{${success},"totalCount":0,"obsCodes":[]}}`,
    errorCode: 'bad-response',
    message: /lacks resultCode/,
  },
  {
    what: 'the list below __proto__',
    body: `{${success},"__proto__":{"totalCount":0,"obsCodes":[]}}`,
    errorCode: 'bad-response',
    message: /totalCount/,
  },
  {
    what: 'bytes that are no UTF-8',
    body: Buffer.concat([
      Buffer.from(`{${success},"totalCount":1,"obsCodes":[{"obsCode":"`),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}]}'),
    ]),
    errorCode: 'not-json',
    message: /not UTF-8/,
  },
  {
    what: 'a code of 10 MB',
    body: listWith(`{"obsCode":"${tenMegabytes}"}`),
    errorCode: 'too-large',
    message: /5 MiB/,
  },
  {
    what: 'a description of 10 MB',
    body: listWith(`{"obsCode":"a","obsCodeDesc":"${tenMegabytes}"}`),
    errorCode: 'too-large',
    message: /5 MiB/,
  },
];

/** Unusual and right, in a code or in a description: each is to be kept exactly as it was sent. */
const texts: readonly string[] = [
  ...[
    '😀',
    '😀'.repeat(255),
    '𠀀𠀁',
    'e\u0301',
    'é',
    'مرحبا',
    'שלום',
    '\u202egnp.exe',
    '\u2066isolate\u2069',
  ],
  ...[
    '"',
    "'",
    '\\',
    '\\\\"',
    "'; drop table obs.result_code; --",
    '$1',
    '%s',
    '{}',
    '{a,b}',
    'NULL',
    'null',
  ],
  ...[
    '<script>alert(1)</script>',
    '&amp;',
    '\u001b[2J\u001b[5m',
    '\u001b]0;owned\u0007',
    '\u009b31m',
    '\u0090q',
  ],
  ...[
    'a\r\nb',
    'a\tb',
    '\b\b\b',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\u200b',
    '\u00ad',
    '\ufffd',
  ],
  ...[
    ' leading',
    'trailing ',
    ' ',
    '__proto__',
    'constructor',
    'toString',
    '605',
    '0605',
    '00605',
    '-0',
    '1e3',
  ],
  ...['999999999999999999', '9999999999999999999', '٣', 'A', 'a', 'ß', 'SS', 'İ', 'ı'],
];

/** Codes as they are sent, each with another of the texts, or none. */
export const accepted: readonly { obsCode: string; obsCodeDesc?: string | null }[] = texts.map(
  (obsCode, index) => {
    if (index % 10 === 3) return { obsCode };
    if (index % 10 === 7) return { obsCode, obsCodeDesc: null };
    return { obsCode, obsCodeDesc: index % 10 === 5 ? '' : (texts.at(index - 1) ?? '') };
  },
);
