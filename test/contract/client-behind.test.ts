import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RetriableError } from '../../src/errors.ts';
import { type Fault, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { clientOf, failureOf } from './client-of.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 150 });
});

afterEach(() => simulator.close());

describe('the page behind a full last one', () => {
  const behind = { pageNum: 4, behind: true } as const;

  test('is empty where the list is at its end', async () => {
    expect((await clientOf(simulator.baseUrl).page(behind)).rows).toEqual([]);
  });

  test.each<[Fault, object]>([
    [
      { kind: 'status', status: 400 },
      { code: 'http-status', status: 400 },
    ],
    [
      { kind: 'status', status: 404 },
      { code: 'http-status', status: 404 },
    ],
    [
      { kind: 'status', status: 500 },
      { code: 'http-status', status: 500 },
    ],
    [{ kind: 'failure', resultCode: '02000007' }, { code: 'isales-error' }],
  ])('is asked for once where %j is the answer', async (fault, error) => {
    simulator.vdn(25).fault(fault);
    const refused = await failureOf(clientOf(simulator.baseUrl, { retries: 3 }).page(behind));
    expect(refused).toMatchObject(error);
    expect(refused).not.toBeInstanceOf(RetriableError);
    expect(simulator.requests.total).toBe(1);
  });

  test.each<Fault>([
    { kind: 'status', status: 503, times: 1 },
    { kind: 'failure', resultCode: '0200006', times: 1 },
    { kind: 'cut', times: 1 },
  ])('is asked for again where %j may pass', async (fault) => {
    simulator.vdn(25).fault(fault);
    expect((await clientOf(simulator.baseUrl, { retries: 1 }).page(behind)).rows).toEqual([]);
    expect(simulator.requests.total).toBe(2);
  });
});
