import { setImmediate as nextTurn } from 'node:timers/promises';

interface BatchLimit<Item> {
  /** What an item costs, in rows. */
  readonly rowsOf: (item: Item) => number;
  /** The most rows in a batch, which bounds the memory; a single item may have more. */
  readonly mostRows: number;
  /** Batches that may be processed at the same time. Default: 1. */
  readonly atOnce?: number;
}

interface Pending<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes batches: items that come while a batch is being processed share the next one. With a slow source each item
 * goes alone, at once; with a fast one, many items share a round trip.
 *
 * @param process gives a result for each item, in their order; where it throws, all items of the batch fail with it
 */
export function batched<Item, Result>(
  process: (items: readonly Item[]) => Promise<readonly Result[]>,
  limit: BatchLimit<Item>,
): (item: Item) => Promise<Result> {
  const pending: Pending<Item, Result>[] = [];
  const { atOnce = 1 } = limit;
  let busy = 0;

  async function work(): Promise<void> {
    busy += 1;
    while (pending.length > 0) {
      // Pages of several VDNs often come in at the same turn of the event loop.
      await nextTurn();
      const batch = pending.splice(0, sizeOfNext());
      // With several batches at once, another may have taken in that turn all that was pending.
      if (batch.length === 0) break;
      try {
        const results = await process(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    busy -= 1;
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
    if (busy < atOnce) void work();
    return promise;
  };
}
