import { describe, expect, test } from 'vitest';
import { CompleteSnapshot } from '../../../../src/domain/complete-snapshot.ts';
import { VdnError } from '../../../../src/errors.ts';
import { readPages } from '../../../../src/sync/read-pages.ts';
import { readSnapshot } from '../../../../src/sync/read-snapshot.ts';
import { runs } from '../../../support/runs.ts';
import { Exhaustive, Seeded } from './chance.ts';
import { type Edit, EditedList } from './edited-list.ts';
import { anyhow, atRandom, type Reader, type Reading, readWhileEdited } from './schedule.ts';
import { serverOf, usualEdits, type WorldName } from './worlds.ts';

const schedules = runs(500);
const longRun = schedules > 500;
/** The same schedules in each run of the tests, others in each round of `npm run soak`. */
const firstSeed = Number(process.env.SOAK_SEED ?? 20260102);

function readAtRandom(
  reader: Reader,
  world: WorldName,
  seed: number,
  edits: readonly Edit[],
): Promise<Reading> {
  const chance = new Seeded(seed);
  const pageSize = 1 + chance.below(5);
  const list = new EditedList(chance.below(4 * pageSize + 2), chance, edits);
  return readWhileEdited(reader, list, pageSize, atRandom(chance), serverOf(world, list, chance));
}

async function search(reader: Reader, world: WorldName, edits: readonly Edit[]) {
  const found = { wrong: 0, taken: 0, removing: 0, seeds: [] as number[] };
  for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
    const { failed, removed, wrong } = await readAtRandom(reader, world, seed, edits);
    if (failed === undefined) found.taken += 1;
    if (removed > 0) found.removing += 1;
    if (wrong.length === 0) continue;
    found.wrong += 1;
    if (found.seeds.length < 3) found.seeds.push(seed);
  }
  return found;
}

/** What a good tool does without a second read: all checks that one read allows. */
const readOnce: Reader = async ({ fetchPage, pageSize, signal, compare }) => {
  const read = await readPages(fetchPage, pageSize, signal);
  const result = 'pages' in read ? CompleteSnapshot.prove(read.pages, pageSize) : read;
  if (!('list' in result)) throw new VdnError('incomplete-snapshot', 'not whole');
  return { difference: await compare(result.list) };
};

/**
 * In how many of 25,000 schedules live codes may be taken for removed; docs/operations.md has what it comes to. Reading
 * cannot tell a server that repeats its fault at other addresses from one whose list has changed.
 */
describe('of the codes that were in the list throughout, very few count as removed', () => {
  test.each<[WorldName, number, readonly Edit[]]>([
    ['honest', 0, []],
    ['honest', 0, ['put back', 'repeat', 'repeat', 'move', 'move and update']],
    ['another order per request', 0, []],
    ['total of the page', 0, []],
    ['cache by address', 5, []],
    ['lagging total', 15, []],
    ['lagging total that clamps', 60, []],
    ['nodes by address', 60, []],
    ['nodes by turns', 60, []],
    ['nodes at random', 60, []],
  ])('%s: at most %i, also with %j', async (world, most, furtherEdits) => {
    const edits = [...usualEdits, ...furtherEdits];
    const { wrong, taken, removing, seeds } = await search(readSnapshot, world, edits);
    if (longRun) {
      process.stdout.write(
        `${world}: ${wrong} of ${schedules} wrong, ${taken} taken, ${removing} removing; from seed ${firstSeed}\n`,
      );
    }
    const expected = (most * schedules) / 25_000;
    // Chance may go three standard deviations beyond it, so that a long search of new schedules does not fail by chance.
    const limit = expected + 3 * Math.sqrt(expected);
    expect(wrong, `seeds ${seeds.join(', ')}`).toBeLessThanOrEqual(limit);
    // A reader that refuses everything would lose nothing either.
    expect(taken).toBeGreaterThan(schedules / 5);
    expect(removing).toBeGreaterThan(schedules / 100);
  });
});

test.each<WorldName>(['honest', 'cache by address', 'nodes by turns', 'another order per request'])(
  '%s: the same schedules make a reader that reads once lose live codes',
  async (world) => {
    const { wrong } = await search(readOnce, world, usualEdits);
    expect(wrong).toBeGreaterThan(schedules / 50);
  },
);

/** Every schedule there is: which pages are answered before which edit, and what each edit does. */
test('no schedule of a few edits of a short list at an honest server removes a live code', async () => {
  const [mostEdits, longest] = longRun ? [3, 4] : [2, 3];
  let paths = 0;
  let removing = 0;
  for (const pageSize of [1, 2]) {
    for (let count = 0; count <= longest; count++) {
      const choices = new Exhaustive();
      do {
        const list = new EditedList(count, choices, ['delete', 'add']);
        const answer = serverOf('honest', list, choices, 'empty');
        const reading = await readWhileEdited(
          readSnapshot,
          list,
          pageSize,
          anyhow(choices, mostEdits),
          answer,
        );
        expect(reading.wrong).toEqual([]);
        paths += 1;
        if (reading.removed > 0) removing += 1;
      } while (choices.next());
    }
  }
  if (longRun) process.stdout.write(`every schedule: ${paths}, ${removing} of them removing\n`);
  expect(paths).toBeGreaterThan(2_000);
  expect(removing).toBeGreaterThan(paths / 50);
});
