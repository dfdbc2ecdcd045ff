import { expect } from 'vitest';

/** What each statement of each recipe must answer: its rows as lists of values, by call_id where it does not sort them. */
export const answersOf = (lastNight: string): Readonly<Record<string, readonly unknown[][][]>> => ({
  'Which field is the code?': [
    [
      ['failCode', '8', '4', '50.0'],
      ['resultCode', '10', '1', '10.0'],
    ],
  ],
  'The description of each call': [
    [
      [1, '2024-12-01', '001', 'Not answered'],
      [2, '2025-03-01', '001', 'Not answered'],
      [3, '2025-03-01', '002', 'Busy'],
      [4, '2025-03-01', '002 ', null],
      [5, '2025-03-01', '003', null],
      [6, '2025-03-01', '003', null],
      [7, '2025-03-01', null, null],
      [8, '2025-03-01', ' ', null],
      [9, '2025-03-01', '999', null],
      [10, '2025-03-01', '999', null],
    ],
  ],
  'Calls that have only the code': [
    [
      [1, 'Not answered', true],
      [2, 'Not answered', true],
      [3, 'Engaged', true],
      [4, null, null],
      [5, null, false],
      [6, null, false],
      ...[7, 8, 9, 10].map((call) => [call, null, null]),
    ],
    [
      [1, 'Not answered', false],
      [2, 'Not answered', false],
      [3, 'Engaged', true],
      [4, null, null],
      [5, null, false],
      [6, null, false],
      ...[7, 8, 9, 10].map((call) => [call, null, null]),
    ],
  ],
  'One label for each code': [
    [
      ['001', 'Not answered', '2'],
      ['003', null, '2'],
      ['999', null, '2'],
      ['002', 'Engaged', '1'],
      ['002 ', null, '1'],
    ],
    [
      ['prod', '006', 'Refused', '1', 2],
      ['prod', '006', 'Rejected', '1', 6],
    ],
  ],
  'Codes stored as numbers': [
    [
      [1, 'Not answered', true],
      [2, 'Not answered', true],
      [3, 'Engaged', true],
      [5, null, false],
      [6, null, false],
      [9, null, null],
      [10, null, null],
    ],
  ],
  'Codes stored with blanks': [
    [
      [1, 'Not answered'],
      [2, 'Not answered'],
      [3, 'Busy'],
      [4, 'Engaged'],
      ...[5, 6, 7, 8, 9, 10].map((call) => [call, null]),
    ],
    [],
  ],
  'The description when the call was made': [
    [
      [1, '2024-12-01', 'No answer'],
      [2, '2025-03-01', 'Not answered'],
      [3, '2025-03-01', 'Busy'],
      ...[4, 5, 6, 7, 8, 9, 10].map((call) => [call, '2025-03-01', null]),
    ],
    [
      [1, 'prod/1/1738375200000000/001', 'Not answered', true],
      [2, 'prod/1/1738375200000000/001', 'Not answered', true],
      [3, 'prod/1/1735696800000000/002', 'Busy', false],
      [4, null, null, null],
      [5, 'prod/1/1735696800000000/003', null, true],
      ...[6, 7, 8, 9, 10].map((call) => [call, null, null, null]),
    ],
  ],
  'Calls from before their code was listed': [
    [
      ['before the first synchronisation of its VDN', '1'],
      ['listed at that time', '3'],
      ['unknown code', '4'],
    ],
  ],
  'Calls whose code is unknown': [
    [
      ['known', '4'],
      ['none, failed call', '1'],
      ['none, successful call', '1'],
      ['unknown', '4'],
    ],
    [
      ['prod', 1, '999', '1', '2025-03-01', '2025-03-01', null],
      ['prod', 2, '002 ', '1', '2025-03-01', '2025-03-01', null],
      ['prod', 2, '003', '1', '2025-03-01', '2025-03-01', null],
      ['prod', 9, '999', '1', '2025-03-01', '2025-03-01', null],
    ],
  ],
  'Share of calls by reason': [
    [
      ['Not answered', '2', '22.2'],
      ['unknown code 999', '2', '22.2'],
      ['Busy', '1', '11.1'],
      ['code 003', '1', '11.1'],
      ['no code', '1', '11.1'],
      ['unknown code 002 ', '1', '11.1'],
      ['unknown code 003', '1', '11.1'],
    ],
  ],
  'Reasons by week': [
    [
      ['2024-11-25', 'Not answered', '1'],
      ['2025-02-24', 'code 003', '2'],
      ['2025-02-24', 'code 999', '2'],
      ['2025-02-24', 'code 002 ', '1'],
      ['2025-02-24', 'Engaged', '1'],
      ['2025-02-24', 'Not answered', '1'],
    ],
  ],
  'Your own groups of reasons': [
    [
      ['not mapped', '5'],
      ['not reached', '3'],
    ],
    [
      ['003', null, 1],
      ['004', 'Full', 1],
      ['005', '拒绝', 1],
      ['006', 'Refused', 2],
    ],
  ],
  'Codes that no call has used': [
    [
      ['prod', 1, '001', 'Not answered', '2025-01-01'],
      ['prod', 1, '003', null, '2025-01-01'],
      ['prod', 6, '006', 'Rejected', '2025-01-01'],
    ],
  ],
  'What a changed description did': [
    [[lastNight.slice(0, 10), 'prod', 6, '006', 'Rejects', 'Rejected', '0', '0']],
  ],
  'Data as of': [
    [
      [
        'prod',
        false,
        expect.stringMatching(
          /^4 of 6 VDNs of prod can be trusted, .*; 1 is stale; 1 is held; 1 is failing\.$/,
        ),
      ],
      ['prod-zh', false, 'None of 1 VDN of prod-zh can be trusted; 1 is stale.'],
    ],
  ],
  'What changed last night': [
    [
      [expect.any(String), 'removed', 'prod', 1, '002', 'Busy', null],
      [expect.any(String), 'added', 'prod', 1, '004', null, 'Full'],
      [expect.any(String), 'changed', 'prod', 6, '006', 'Rejects', 'Rejected'],
    ],
  ],
  'VDNs that cannot be trusted today': [
    [
      ['prod', 3, null, null, 'never verified', null],
      ['prod', 4, expect.any(String), expect.anything(), 'held', null],
      ['prod-zh', 1, expect.any(String), expect.anything(), 'stale', null],
    ],
  ],
  'The list as it stood on a day': [
    [
      [1, '001', 'No answer'],
      [1, '002', 'Busy'],
      [1, '003', null],
      [6, '006', 'Rejects'],
    ],
    [
      [1, '001', 'No answer', '2025-01-01'],
      [1, '002', 'Busy', '2025-01-01'],
      [1, '003', null, '2025-01-01'],
      [1, '004', 'Full', lastNight.slice(0, 10)],
      [2, '001', 'Not answered', lastNight.slice(0, 10)],
      [2, '002', 'Engaged', lastNight.slice(0, 10)],
      [2, '006', 'Refused', lastNight.slice(0, 10)],
      [6, '006', 'Rejects', '2025-01-01'],
    ],
  ],
  'Two languages': [
    [
      [1, 'Not answered', '无人接听'],
      [2, 'Not answered', '无人接听'],
      [3, 'Busy', null],
      ...[4, 5, 6, 7, 8, 9, 10].map((call) => [call, null, null]),
    ],
    [
      ['001', 'Not answered', '无人接听'],
      ['002', 'Engaged', null],
      ['003', null, null],
      ['004', 'Full', null],
      ['005', null, '拒绝'],
      ['006', 'Refused', null],
    ],
  ],
});
