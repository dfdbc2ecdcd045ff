import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { summaryText, writeSummaryFile } from '../../../src/commands/summary-file.ts';
import { FatalError } from '../../../src/errors.ts';
import { RunCounters, type RunSummary } from '../../../src/sync/summary.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const unknownKeys = Array.from({ length: 300 }, (_, n) => `sources.0.unknown-key-${n} is not known`).join(
  '\n',
);

function refused(message: string): RunSummary {
  return new RunCounters({ shard: null, dryRun: false }).summary(new FatalError('configuration', message));
}

function failing(vdns: number, message: string): RunSummary {
  const outcomes = Array.from({ length: vdns }, (_, n) => ({
    ...{ source: 'prod', vdnId: n + 1, outcome: 'failed' as const, requests: 1 },
    ...{ errorCode: 'timeout' as const, message },
  }));
  return { ...refused(unknownKeys), outcomes };
}

describe('a summary file has at most 4,000 bytes of JSON', () => {
  test.each<[string, RunSummary]>([
    ['300 unknown keys in the configuration', refused(unknownKeys)],
    ['a message of wide characters', refused('数据'.repeat(5000))],
    ['a message of emoji, cut between characters', refused(`x${'😀'.repeat(5000)}`)],
    ['control characters, six bytes each', refused('\u0001'.repeat(9000))],
    ['half a character', refused('\ud83d'.repeat(9000))],
    ['9,999 outcomes', failing(9999, unknownKeys)],
    ['one outcome', failing(1, '数据'.repeat(5000))],
  ])('%s', (_, summary) => {
    const text = summaryText(summary);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4000);
    expect(text.isWellFormed()).toBe(true);
    const { error, outcomes, outcomesLeftOut = 0 } = JSON.parse(text);
    expect(error.message).toMatch(/….?$/);
    expect(error.message.isWellFormed()).toBe(true);
    expect(outcomes.length + outcomesLeftOut).toBe(summary.outcomes.length);
  });

  test('many changed VDNs do not push out the ones that need a person', () => {
    const vdn = (vdnId: number, outcome: 'changed' | 'failed' | 'held') => ({
      ...{ source: 'prod', vdnId, outcome, requests: 3 },
    });
    const changed = Array.from({ length: 100 }, (_, n) => vdn(n + 1, 'changed'));
    const outcomes = [...changed, vdn(101, 'failed'), vdn(102, 'held')];
    const kept = JSON.parse(summaryText({ ...refused('short'), outcomes })).outcomes;
    expect(kept.slice(0, 3)).toMatchObject([{ vdnId: 102 }, { vdnId: 101 }, { vdnId: 1 }]);
  });

  test('what is short is kept whole', async () => {
    const file = path.join(await temporaryDirectory(), 'summary.json');
    const short = refused('short');
    await writeSummaryFile(file, short);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(short);
  });
});
