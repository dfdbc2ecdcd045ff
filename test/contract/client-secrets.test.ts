import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fault, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { listening } from '../support/listening.ts';
import { clientOf, failureOf } from './client-of.ts';

const account = { accessKey: 'the-access-key', secretKey: 'q"uo\\ted secret é 0123456789' };
let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ accounts: [account], codesPerVdn: 120 });
});

afterEach(() => simulator.close());

/** All that a log, a stack or a debugger could show of an error. */
async function everythingOf(fault: Fault, timeoutMs = 10_000): Promise<string> {
  simulator.vdn(25).fault(fault);
  const error = await failureOf(clientOf(simulator.baseUrl, { ...account, timeoutMs }).page());
  return `${error.message}\n${error.stack}\n${inspect(error, { depth: 20, showHidden: true })}\n${JSON.stringify(error)}`;
}

const signatureSent = () => simulator.requests.entries()[0]?.headers.authorization?.split('/').at(-1) ?? '';
/** Parts of the secret that no message has by accident, plain and as JSON writes them. */
const partsOfSecret = [/q\\*"uo/, /ted secret/, /0123456/];

test.each<Fault>([
  { kind: 'status', status: 401 },
  { kind: 'status', status: 500 },
  { kind: 'redirect', location: '/' },
  { kind: 'cut' },
  { kind: 'cut', afterBytes: 10 },
  { kind: 'truncated' },
  { kind: 'hang' },
  { kind: 'oversized', bytes: 6 * 1024 * 1024 },
  { kind: 'total', total: 'x' },
  { kind: 'failure', resultCode: '0200001' },
])('no error holds the request it came from: %j', async (fault) => {
  const everything = await everythingOf(fault, fault.kind === 'hang' ? 300 : 10_000);
  expect(signatureSent()).toMatch(/^[0-9a-f]{64}$/);
  expect(everything).not.toContain(signatureSent());
  expect(everything).not.toMatch(/authorization/i);
  for (const part of partsOfSecret) expect(everything).not.toMatch(part);
});

test.each([0, 60, 100, 110])(
  'a secret that the server sends back is not shown, after %i characters',
  async (before) => {
    const resultDesc = `${'x'.repeat(before)}${account.secretKey}${account.secretKey} is wrong`;
    for (const fault of [
      { kind: 'failure', resultCode: '0200001', resultDesc },
      { kind: 'failure', resultCode: resultDesc },
    ] as const) {
      simulator.vdn(25).clearFaults();
      const everything = await everythingOf(fault);
      expect(everything).toContain('[hidden]');
      for (const part of partsOfSecret) expect(everything).not.toMatch(part);
    }
  },
);

test('a signature that the server sends back is not shown, not even its beginning', async () => {
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    const resultDesc = `${'x'.repeat(40)} ${authorization}`;
    response.end(JSON.stringify({ resultCode: '0200001', returnCode: '0200001', resultDesc }));
  });
  const port = await listening(server);
  const { message } = await failureOf(clientOf(`http://127.0.0.1:${port}`, account).page());
  expect(message).toMatch(/x auth-v2\/the-access-key\/[\dT:-]+Z\/content-type;host\/\[hidden\]"/);
});
