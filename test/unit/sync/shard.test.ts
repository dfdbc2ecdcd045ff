import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { belongsTo, serverOf } from '../../../src/sync/run-settings.ts';

const servers = (count: number) =>
  Array.from({ length: count }, (_, n) => `https://10.0.${n >> 8}.${n & 255}:28443`);

/** Which shards of `count` a server belongs to. */
const shardsOf = (server: string, count: number) =>
  Array.from({ length: count }, (_, n) => n + 1).filter((index) => belongsTo(server, { index, count }));

const anyServer = fc
  .tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
  .map(([host, port]) => `https://${host}:${port}`);
const anyCount = fc.integer({ min: 1, max: 40 });

describe('a share of the servers by rendezvous hash', () => {
  test('any number of shards together has each server exactly once', () => {
    fc.assert(
      fc.property(anyServer, anyCount, (server, count) => {
        expect(shardsOf(server, count)).toHaveLength(1);
      }),
    );
  });

  test('one shard more takes servers from others, and moves none between those', () => {
    fc.assert(
      fc.property(anyServer, anyCount, (server, count) => {
        const [before] = shardsOf(server, count);
        const [after] = shardsOf(server, count + 1);
        expect([before, count + 1]).toContain(after);
      }),
    );
  });

  test('shards are of about the same size, and a fifth one takes about a fifth', () => {
    const all = servers(2000);
    for (const index of [1, 2, 3, 4]) {
      const share = all.filter((server) => belongsTo(server, { index, count: 4 })).length / 2000;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    }
    const moved = all.filter((server) => belongsTo(server, { index: 5, count: 5 })).length / 2000;
    expect(moved).toBeGreaterThan(0.15);
    expect(moved).toBeLessThan(0.25);
  });

  test('sources on one server stay together, with any path', () => {
    fc.assert(
      fc.property(anyServer, anyCount, fc.stringMatching(/^[a-z]{1,8}$/), (server, count, path) => {
        expect(shardsOf(`${server}/${path}`, count)).toEqual(shardsOf(server, count));
      }),
    );
    expect(serverOf('https://gateway.example:443/berlin')).toBe('https://gateway.example');
  });

  // Pods of two versions may be at work side by side during an upgrade.
  test('the share of a server never changes from one version of this program to the next', () => {
    expect(servers(12).map((server) => shardsOf(server, 4)[0])).toEqual([4, 2, 1, 3, 1, 2, 3, 1, 2, 3, 2, 2]);
  });
});
