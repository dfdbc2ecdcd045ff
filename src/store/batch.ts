import { setTimeout as delay } from 'node:timers/promises';

interface BatchLimit<Item> {
  /** What an item costs, in rows. */
  readonly rowsOf: (item: Item) => number;
  /** The most rows in a batch, which bounds the memory; a single item may have more. */
  readonly mostRows: number;
  /** From how many pending rows on a second batch is begun beside the one that is being processed. Default: never. */
  readonly rowsForSecond?: number;
}

interface Pending<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Hardly more than a round trip. Pages of several VDNs come in at about the same time. */
const lingerMs = 5;

/**
 * Makes batches: items that come while a batch is being processed share the next one. With a slow source each item
 * goes almost at once, alone; with a fast one, many items share a round trip.
 *
 * @param process gives a result for each item, in their order; where it throws, all items of the batch fail with it
 */
export function batched<Item, Result>(
  process: (items: readonly Item[]) => Promise<readonly Result[]>,
  limit: BatchLimit<Item>,
): (item: Item) => Promise<Result> {
  const pending: Pending<Item, Result>[] = [];
  const { rowsForSecond = Number.POSITIVE_INFINITY } = limit;
  let busy = 0;

  async function work(): Promise<void> {
    busy += 1;
    await delay(lingerMs);
    const batch = pending.splice(0, sizeOfNext());
    try {
      // The other batch may have taken all that was pending.
      const results = batch.length === 0 ? [] : await process(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    busy -= 1;
    if (mayBegin()) void work();
  }

  function mayBegin(): boolean {
    if (busy === 0) return pending.length > 0;
    return busy === 1 && pending.reduce((rows, { item }) => rows + limit.rowsOf(item), 0) >= rowsForSecond;
  }

  function sizeOfNext(): number {
    let rows = 0;
    const tooMany = pending.findIndex(({ item }) => {
      rows += limit.rowsOf(item);
      return rows > limit.mostRows;
    });
    return tooMany === -1 ? pending.length : Math.max(1, tooMany);
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    pending.push({ item, resolve, reject });
    if (mayBegin()) void work();
    return promise;
  };
}
