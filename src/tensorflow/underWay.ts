/** Counts work that has begun and not ended, for those who must not act before it has. */
export class UnderWay {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Does `work`, which counts from before its first line to its end. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work();
    } finally {
      if (--this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Waits until there is no work. */
  async idle(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
