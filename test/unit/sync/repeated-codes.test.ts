import { describe, expect, test } from 'vitest';
import { entries, entry } from '../domain/pages.ts';
import { incomplete, read, readsMade } from './served-list.ts';

describe('entries that come more than once', () => {
  const list = [...entries(6), entry('00002'), entry('00005')];

  test('are read again with another page size, and taken where it gives the same', async () => {
    const { requests, result } = read(() => list, { pageSize: 3 });
    expect([...(await result).snapshot.codes.keys()]).toEqual(entries(6).map(({ obsCode }) => obsCode));
    expect(requests.map(({ pageSize }) => pageSize)).toEqual([3, 3, 3, 2, 2, 2, 2, 2]);
  });

  test('are not taken where another page size gives others', async () => {
    const { requests, result } = read(({ pageSize }) => [...entries(6), entry(`0000${pageSize}`)], {
      pageSize: 3,
    });
    await expect(result).rejects.toThrow(incomplete(/entries came more than once, and not the same ones/));
    expect(readsMade(requests)).toBe(3);
  });

  test('are not waited for where the next read has none', async () => {
    const { requests, result } = read((_, request) => (request <= 3 ? list : entries(6)), { pageSize: 3 });
    expect((await result).snapshot.codes.size).toBe(6);
    expect(readsMade(requests)).toBe(2);
  });

  test('keep codes from being removed, since a repetition can stand in the place of a live one', async () => {
    const { result } = read(() => list, { pageSize: 3, stored: entries(7) });
    await expect(result).rejects.toThrow(incomplete(/lists entries more than once/));
  });

  test('do not keep codes from being removed where the list comes in one page', async () => {
    const { requests, result } = read(() => list, { pageSize: 50, stored: entries(7) });
    expect((await result).difference.changes).toMatchObject([{ kind: 'removed', obsCode: '00007' }]);
    expect(requests.map(({ pageNum, pageSize }) => [pageNum, pageSize])).toEqual([
      [1, 50],
      [1, 49],
    ]);
  });

  test('are told with a page size of 1 as well', async () => {
    const { requests, result } = read(() => list, { pageSize: 1 });
    expect((await result).snapshot.codes.size).toBe(6);
    expect(requests.at(-1)?.pageSize).toBe(2);
  });
});

describe('a code with two descriptions', () => {
  const list = [...entries(6), entry('00002', 'Other.')];

  test('is a bad row where the next read, with another page size, has it too', async () => {
    const { requests, result } = read(() => list, { pageSize: 4 });
    await expect(result).rejects.toThrow(
      expect.objectContaining({
        code: 'bad-row',
        message: expect.stringMatching(/code "00002".*two descriptions, "Other\." and "Text of 00002\."/),
      }),
    );
    expect(requests.map(({ pageSize }) => pageSize)).toEqual([4, 4, 3, 3, 3]);
  });

  test('has moved to another page where the next read has it once', async () => {
    const { requests, result } = read((_, request) => (request <= 2 ? list : list.slice(0, 6)), {
      pageSize: 4,
    });
    expect((await result).snapshot.codes.size).toBe(6);
    expect(readsMade(requests)).toBe(2);
  });

  test('is no bad row where each read has another one, or had none before', async () => {
    let number = 0;
    const moving = read(({ pageNum }) => {
      if (pageNum === 1) number += 1;
      return [...entries(6), entry(`0000${number}`, 'Other.')];
    });
    await expect(moving.result).rejects.toThrow(incomplete(/code "00003" came with two descriptions/));
    const late = read((_, request) => (request < 3 ? entries(request) : list), { stored: entries(7) });
    await expect(late.result).rejects.toThrow(incomplete(/code "00002" came with two/));
  });

  describe('where they are to be joined', () => {
    const join = { pageSize: 4, conflictingDescriptions: 'join' } as const;

    test('gets both texts, sorted, once a read with another page size gives the same', async () => {
      for (const order of [list, list.toReversed()]) {
        const { requests, result } = read(() => order, join);
        expect((await result).snapshot.codes.get('00002')).toEqual(entry('00002', 'Other. / Text of 00002.'));
        expect(readsMade(requests)).toBe(2);
      }
    });

    test('loses neither to null nor to a third', async () => {
      const three = [entry('1', 'b'), entry('1', null), entry('2'), entry('1', 'a')];
      const { result } = read(() => three, join);
      expect([...(await result).snapshot.codes.values()]).toEqual([entry('1', 'a / b'), entry('2')]);
    });

    test('is not believed where the other read has other texts', async () => {
      const { result } = read(({ pageSize }) => [...entries(6), entry('00002', `${pageSize}`)], join);
      await expect(result).rejects.toThrow(incomplete(/came more than once, and not the same ones/));
    });

    test('lets other codes be removed, since no entry stands in their place', async () => {
      const { requests, result } = read(() => list, { ...join, stored: entries(7) });
      const { difference } = await result;
      expect(difference.changes.map(({ kind, obsCode }) => [kind, obsCode])).toEqual([
        ['changed', '00002'],
        ['removed', '00007'],
      ]);
      expect(readsMade(requests)).toBe(2);
    });
  });
});
