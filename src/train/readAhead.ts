/** The batches of an epoch, each being made while the one before is learnt. */
import type { Meter } from './meter.js';

export class ReadAhead<Batch> {
  readonly #iterator: AsyncIterator<Batch>;
  readonly #meter: Meter;
  #next: Promise<IteratorResult<Batch>> | undefined;

  /** @param meter is told how long is waited for batches */
  constructor(batches: AsyncIterable<Batch>, meter: Meter) {
    this.#iterator = batches[Symbol.asyncIterator]();
    this.#meter = meter;
  }

  /** The next batch; undefined after the last. Its arrays hold until the following one is {@link begin begun}. */
  async next(): Promise<Batch | undefined> {
    const { value, done } = await this.#meter.waitFor(this.#next ?? this.#iterator.next());
    this.#next = undefined;
    return done ? undefined : value;
  }

  /** Has the following batch made. */
  begin(): void {
    this.#next = this.#iterator.next();
    this.#next.catch(() => {}); // heard when it is awaited
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
