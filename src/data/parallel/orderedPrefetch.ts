/**
 * Runs `run` on each job, up to `ahead` of them before they are asked for, and yields the results in the order of the jobs. Jobs may
 * come by and by: the source is asked for one at a time.
 *
 * Back-pressure comes with it: a new job starts only when a result is taken. Leaving the loop early, or an error in a job,
 * ends the source, waits for the jobs under way and starts no more.
 */
export async function* orderedPrefetch<Job, Item>(
  jobs: Iterable<Job> | AsyncIterable<Job>,
  run: (job: Job) => Promise<Item>,
  ahead: number,
): AsyncGenerator<Item, void, undefined> {
  const source: Iterator<Job> | AsyncIterator<Job> =
    Symbol.asyncIterator in jobs ? jobs[Symbol.asyncIterator]() : jobs[Symbol.iterator]();
  const underWay: Promise<Item | typeof end>[] = [];
  // One after the other, so that the source is asked for one job at a time.
  let asked: Promise<unknown> = Promise.resolve();
  const startNext = () => {
    const next = asked.then(() => source.next());
    asked = next;
    const item = next.then<Item | typeof end>((result) => (result.done ? end : run(result.value)));
    item.catch(() => {}); // it is awaited, and thrown, in its turn; until then Node must not call it unhandled
    underWay.push(item);
  };
  try {
    for (let i = 0; i < Math.max(1, ahead); i++) startNext();
    for (let item = underWay.shift(); item; item = underWay.shift()) {
      const ready = await item;
      if (ready === end) return;
      startNext();
      yield ready as Item;
    }
  } finally {
    await Promise.allSettled(underWay);
    await source.return?.();
  }
}

const end = Symbol('no more jobs');
