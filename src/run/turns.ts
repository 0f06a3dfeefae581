/** Work that is done a few at a time, with a bound on what waits. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @param atOnce pieces of work side by side
   * @param most that may wait
   */
  constructor(
    readonly atOnce: number,
    readonly most: number,
  ) {}

  /** Pieces that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `work` in its turn, first come, first served; undefined, at once, where too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#running < this.atOnce) return this.#start(work);
    if (this.#waiting.length >= this.most) return undefined;
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#start(work));
  }

  async #start<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}
