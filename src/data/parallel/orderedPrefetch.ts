/**
 * Runs `run` on each job, up to `ahead` of them before they are asked for, and yields the results in the order of the jobs.
 *
 * Back-pressure comes with it: a new job starts only when a result is taken. Leaving the loop early, or an error in a job,
 * waits for the jobs under way and starts no more.
 */
export async function* orderedPrefetch<Job, Item>(
  jobs: Iterable<Job>,
  run: (job: Job) => Promise<Item>,
  ahead: number,
): AsyncGenerator<Item, void, undefined> {
  const underWay: Promise<Item>[] = [];
  const waiting = jobs[Symbol.iterator]();
  const startNext = () => {
    const next = waiting.next();
    if (next.done) return;
    const item = run(next.value);
    item.catch(() => {}); // it is awaited, and thrown, in its turn; until then Node must not call it unhandled
    underWay.push(item);
  };
  try {
    for (let i = 0; i < Math.max(1, ahead); i++) startNext();
    for (let item = underWay.shift(); item; item = underWay.shift()) {
      const ready = await item;
      startNext();
      yield ready;
    }
  } finally {
    waiting.return?.();
    await Promise.allSettled(underWay);
  }
}
