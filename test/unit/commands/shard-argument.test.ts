import { describe, expect, test } from 'vitest';
import { shardArgument, shardOfJob } from '../../../src/commands/run-settings.ts';

describe('--shard I/N', () => {
  test.each([
    ['1/1', { index: 1, count: 1 }],
    ['2/4', { index: 2, count: 4 }],
    ['4/4', { index: 4, count: 4 }],
    ['12/100', { index: 12, count: 100 }],
  ])('%s', (text, shard) => expect(shardArgument(text)).toEqual(shard));

  test.each(['', '1', '0/4', '5/4', '1/0', '0/0', '-1/4', '1/4/2', '1.5/4', 'a/b', ' 1/4', '1 / 4', '1/4x'])(
    'refuses %j',
    (text) => expect(() => shardArgument(text)).toThrow('expected I/N with I from 1 to N'),
  );
});

describe('the shard of a pod of an Indexed Job', () => {
  test('counts from 0 there and from 1 here', () => {
    const shard = (index: string) => shardOfJob({ JOB_COMPLETION_INDEX: index, OBS_CODE_SYNC_SHARDS: '3' });
    expect(shard('0')).toEqual({ index: 1, count: 3 });
    expect(shard('2')).toEqual({ index: 3, count: 3 });
  });

  test('is none where one of the two variables is missing', () => {
    expect(shardOfJob({})).toBeUndefined();
    expect(shardOfJob({ JOB_COMPLETION_INDEX: '1' })).toBeUndefined();
    expect(shardOfJob({ OBS_CODE_SYNC_SHARDS: '3' })).toBeUndefined();
  });

  test.each([
    ['3', '3'],
    ['0', '0'],
    ['-1', '3'],
    ['x', '3'],
    ['', '3'],
    ['0', ''],
    ['0', '1.5'],
  ])('is refused where index %j and number %j do not go together', (index, count) => {
    expect(() => shardOfJob({ JOB_COMPLETION_INDEX: index, OBS_CODE_SYNC_SHARDS: count })).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('OBS_CODE_SYNC_SHARDS') }),
    );
  });
});
