import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/sync/summary.ts';
import type { CommandResult } from '../support/command.ts';
import { violations } from '../support/invariants.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type FaultCase, lastingFaults, passingFaults } from './faults-table.ts';
import { listenElsewhere, throughFaults, vdns, type World } from './faults-world.ts';
import { asStored } from './summary-shape.ts';

const elsewhere = await listenElsewhere();
const lasting = Object.values(lastingFaults(elsewhere.url)).flat();
const passing = passingFaults();

let database: TestDatabase;
let directories: string[];
let lastingWorld: World;
let passingWorld: World;

beforeAll(async () => {
  database = await testDatabase();
  directories = await Promise.all([1, 2].map(() => mkdtemp(path.join(os.tmpdir(), 'obs-faults-'))));
  const [one = '', other = ''] = directories;
  [lastingWorld, passingWorld] = await Promise.all([
    throughFaults(database.url, one, 'lasting', lasting),
    throughFaults(database.url, other, 'passing', passing),
  ]);
}, 240_000);

afterAll(async () => {
  elsewhere.close();
  await database.close();
  for (const directory of directories) await rm(directory, { recursive: true });
});

describe('a fault that lasts fails its VDN alone:', () => {
  for (const { title, faultCase, index } of titled(lasting)) {
    test(title, () => {
      const source = at(lastingWorld.sources, index);
      const { errorCode, firstErrorCode = errorCode, message = /\w/, requests } = faultCase;
      const stored = (vdnId: number) => storedOf(lastingWorld, source.name, vdnId);
      const outcome = (vdnId: number) => outcomeOf(lastingWorld.faulty, source.name, vdnId);

      expect(outcome(vdns.faulty)).toMatchObject({
        ...{ outcome: 'failed', errorCode, message: expect.stringMatching(message) },
        requests: requests ?? expect.any(Number),
      });
      const { before, after } = stored(vdns.faulty);
      expect(after?.codeVersions).toBe(before?.codeVersions);
      expect(after?.vdn).toEqual({
        ...before?.vdn,
        ...{ last_outcome: 'failed', last_error_code: errorCode, consecutive_failures: 1 },
        last_error_message: asStored(outcome(vdns.faulty)?.message),
        ...{ failing_since: after?.vdn.failing_since, last_attempt_at: after?.vdn.last_attempt_at },
        last_run_id: summaryOf(lastingWorld.faulty).runId,
      });

      if (firstErrorCode === null) {
        expect(outcome(vdns.first)).toMatchObject({ outcome: 'changed' });
      } else {
        expect(outcome(vdns.first)).toMatchObject({ outcome: 'failed', errorCode: firstErrorCode });
        expect(stored(vdns.first).after?.codes).toEqual([]);
        expect(stored(vdns.first).after?.vdn).toMatchObject({ code_count: 0, first_verified_at: null });
      }

      expect(outcome(vdns.healthy)).toMatchObject({
        outcome: 'changed',
        codes: { added: 1, changed: 1, removed: 1, returned: 0 },
      });
      expect(stored(vdns.healthy).after?.codes).toEqual(listOf(lastingWorld, index, vdns.healthy));
    });
  }

  test('the run ends with 3 and says so everywhere', () => {
    expect(lastingWorld.first.exitCode).toBe(0);
    const { faulty } = lastingWorld;
    expect(faulty.exitCode).toBe(3);
    expect(summaryOf(faulty)).toMatchObject({ status: 'partial', exitCode: 3, error: null });
    expect(faulty.stderr).not.toMatch(/unexpected|unhandled|Warning|\n {4}at /i);
  });

  test('a redirect is not followed: the other host gets no request', () => {
    expect(elsewhere.connections()).toBe(0);
  });

  test('bodies of 2 GB, plain and packed, leave memory flat', ({ skip }) => {
    if (lastingWorld.peakMib === undefined) skip('there is no /proc here to read the memory in use from');
    expect(lastingWorld.peakMib).toBeLessThan(400);
  });
});

describe('a fault that passes is retried:', () => {
  for (const { title, faultCase, index } of titled(passing)) {
    test(title, () => {
      const { name } = at(passingWorld.sources, index);
      const { fault, requests } = faultCase;
      for (const vdnId of Object.values(vdns)) {
        expect(outcomeOf(passingWorld.faulty, name, vdnId)).toMatchObject({ outcome: 'changed' });
        // A swap within a first list, which has nothing to lose, cannot be detected; the next run corrects it.
        if (fault.kind === 'swap' && vdnId === vdns.first) continue;
        expect(storedOf(passingWorld, name, vdnId).after?.codes).toEqual(listOf(passingWorld, index, vdnId));
      }
      expect(outcomeOf(passingWorld.faulty, name, vdns.faulty)).toMatchObject({
        requests: requests ?? expect.any(Number),
      });
    });
  }

  test('the run succeeds', () => {
    expect(passingWorld.faulty.exitCode).toBe(0);
    expect(summaryOf(passingWorld.faulty)).toMatchObject({ status: 'succeeded', error: null });
  });

  test('Retry-After is kept to, in seconds and as a date', () => {
    const asked = passing.flatMap(({ fault }, index) =>
      fault.kind === 'status' && fault.retryAfter !== undefined
        ? [{ retryAfter: fault.retryAfter, index }]
        : [],
    );
    expect(asked).toHaveLength(2);
    for (const { retryAfter, index } of asked) {
      const [refused, next] = at(passingWorld.requests, index);
      const until = /^\d+$/.test(retryAfter)
        ? (refused?.at ?? Number.NaN) + Number(retryAfter) * 1000
        : Date.parse(retryAfter);
      // Timers may fire a moment early.
      expect(next?.at).toBeGreaterThanOrEqual(until - 20);
    }
  });
});

test('the next run without faults brings everything up to date', async () => {
  for (const world of [lastingWorld, passingWorld]) {
    expect(world.healed).toMatchObject({ exitCode: 0 });
    for (const [index, { name }] of world.sources.entries()) {
      for (const vdnId of Object.values(vdns)) {
        const stored = world.healedStored.get(`${name}/${vdnId}`);
        expect(stored?.codes).toEqual(listOf(world, index, vdnId));
        expect(stored?.vdn).toMatchObject({
          failing_since: null,
          consecutive_failures: 0,
          last_error_code: null,
        });
      }
    }
  }
  expect(await violations(database.url)).toEqual([]);
});

function titled(cases: readonly FaultCase[]) {
  return cases.map((faultCase, index) => {
    const { kind, ...rest } = faultCase.fault;
    return { title: `${kind} ${JSON.stringify(rest).slice(0, 90)}`, faultCase, index };
  });
}

function summaryOf(result: CommandResult): RunSummary {
  return result.json() as RunSummary;
}

function outcomeOf(result: CommandResult, source: string, vdnId: number) {
  return summaryOf(result).outcomes.find((one) => one.source === source && one.vdnId === vdnId);
}

function storedOf({ before, after }: World, source: string, vdnId: number) {
  const name = `${source}/${vdnId}`;
  return { before: before.get(name), after: after.get(name) };
}

function listOf({ lists }: World, index: number, vdnId: (typeof vdns)[keyof typeof vdns]) {
  return at(lists, index)[vdnId].toSorted((a, b) => (a.obsCode < b.obsCode ? -1 : 1));
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`there is no number ${index}`);
  return value;
}
