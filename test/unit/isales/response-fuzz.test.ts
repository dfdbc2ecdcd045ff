import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Page } from '../../../src/domain/complete-snapshot.ts';
import { RetriableError, VdnError } from '../../../src/errors.ts';
import { responseBody } from '../../support/mutated-bodies.ts';
import { parsePageOf } from '../../support/parsed-page.ts';
import { runs } from '../../support/runs.ts';

const bodies = runs(2_000);

test(
  'any bytes as a body give a valid page or an error of the program’s own, never anything else',
  () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(responseBody, (body) => {
        const result = judged(body);
        seen.set(result, (seen.get(result) ?? 0) + 1);
      }),
      { numRuns: bodies },
    );
    // The bodies are worth something: each verdict comes often.
    for (const verdict of ['page', 'not-json', 'bad-response', 'isales-error', 'bad-row']) {
      expect(seen.get(verdict), verdict).toBeGreaterThan(bodies / 70);
    }
    expect(seen.size).toBeLessThanOrEqual(6);
  },
  runs(60_000),
);

/** The result of a body, after checks of that result. */
function judged(body: Buffer): string {
  try {
    expectValid(parsePageOf(body), body);
    return 'page';
  } catch (error) {
    if (!(error instanceof VdnError)) throw error;
    expectShowable(error);
    return error.code;
  }
}

/** A page says what its body says, and nothing that the database could not keep. */
function expectValid({ total, rows }: Page, body: Buffer): void {
  const answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  const codes = [answer.resultCode, answer.returnCode].filter((code) => code !== undefined);
  expect([...new Set(codes)]).toEqual(['0200000']);
  expect([total, String(total)]).toContain(answer.totalCount);
  expect(Number.isInteger(total) && total >= 0 && total <= 100_000).toBe(true);
  expect(rows).toEqual(
    (answer.obsCodes ?? []).map(({ obsCode, obsCodeDesc = null }: Record<string, unknown>) => ({
      obsCode,
      obsCodeDesc,
    })),
  );
  for (const { obsCode, obsCodeDesc } of rows) {
    expect(obsCode).toMatch(/^[^\0]{1,255}$/su);
    expect(obsCode.isWellFormed()).toBe(true);
    if (obsCodeDesc === null) continue;
    expect(typeof obsCodeDesc === 'string' && obsCodeDesc.isWellFormed()).toBe(true);
    expect(obsCodeDesc).not.toContain('\0');
  }
}

/** A message can be printed, logged and stored as it is, and read. */
function expectShowable(error: VdnError): void {
  expect(error.message.length).toBeLessThan(1000);
  expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  const passes = error.code === 'not-json' || error.message.includes('"0200006"');
  expect(error instanceof RetriableError).toBe(passes);
}
