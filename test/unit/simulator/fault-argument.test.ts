import { expect, test } from 'vitest';
import { parseFaultArgument } from '../../../src/simulator/faults.ts';

test.each([
  ['7=hang', 7, { kind: 'hang' }],
  ['7=status:503', 7, { kind: 'status', status: 503 }],
  ['all=delay:200', 'all', { kind: 'delay', ms: 200 }],
  ['7=failure:02000007', 7, { kind: 'failure', resultCode: '02000007' }],
  ['7=redirect:https://host:1/x', 7, { kind: 'redirect', location: 'https://host:1/x', status: 302 }],
  ['7=total:"many"', 7, { kind: 'total', total: 'many' }],
  ['7=total:-1', 7, { kind: 'total', total: -1 }],
  ['7=nodes:turns', 7, { kind: 'nodes', by: 'turns', edits: 1 }],
  ['7=behind:404', 7, { kind: 'behind', answer: 404 }],
  ['7=behind:last-page', 7, { kind: 'behind', answer: 'last-page' }],
  ['all=one-list:3', 'all', { kind: 'one-list', vdnId: 3 }],
  ['7=swap', 7, { kind: 'swap', page: 2 }],
  [
    '7={"kind":"status","status":429,"retryAfter":"2","times":1}',
    7,
    { kind: 'status', status: 429, retryAfter: '2', times: 1 },
  ],
])('%s is a fault', (argument, vdnId, fault) => {
  expect(parseFaultArgument(argument)).toEqual({ vdnId, fault });
});

test.each([
  ['hang', /expected VDN=KIND/],
  ['x=hang', /expected VDN=KIND/],
  ['0=hang', /1 to 9999, not 0/],
  ['10000=hang', /1 to 9999/],
  ['7=nothing', /nothing is no fault; there are status:<status>/],
  ['7=status', /status/],
  ['7=status:9', /status/],
  ['7=html:x', /html takes no value/],
  ['7=total:many', /not valid JSON/],
  ['7=nodes:chance', /turns/],
  ['7=behind:418', /answer/],
  ['7={"kind":', /not valid JSON/],
  ['7={"kind":"hang","pages":1}', /pages/],
  ['7={"kind":"hang","times":0}', /times/],
])('%s is refused', (argument, message) => {
  expect(() => parseFaultArgument(argument)).toThrow(message);
});
