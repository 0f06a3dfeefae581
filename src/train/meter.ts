/** Rates over the last steps. */

/** Steps that a rate is taken over. */
const window = 20;

export class Meter {
  readonly #steps: { seconds: number; waited: number; pictures: number }[] = [];
  #last = performance.now();
  #waited = 0;

  /** Times the wait for `promise`. */
  async waitFor<T>(promise: Promise<T>): Promise<T> {
    const start = performance.now();
    const value = await promise;
    this.#waited += performance.now() - start;
    return value;
  }

  /** Ends a step. */
  step(pictures: number): void {
    const now = performance.now();
    this.#steps.push({ seconds: (now - this.#last) / 1000, waited: this.#waited / 1000, pictures });
    if (this.#steps.length > window) this.#steps.shift();
    this.#last = now;
    this.#waited = 0;
  }

  /** Leaves the time since the last step (a measurement, a checkpoint) out of the rates. */
  pause(): void {
    this.#last = performance.now();
    this.#waited = 0;
  }

  /** Pictures a second. */
  get rate(): number {
    return this.#sum('pictures') / this.#sum('seconds');
  }

  /** Share of the time spent waiting for data. */
  get waiting(): number {
    return this.#sum('waited') / this.#sum('seconds');
  }

  /** Median seconds of a step; null after the first, whose time is that of tracing and compiling. */
  get secondsPerStep(): number | null {
    if (this.#steps.length < 2) return null;
    const sorted = this.#steps.map(({ seconds }) => seconds).sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) / 2)]!; // of two, the smaller one: the larger is the first step, which also traces
  }

  #sum(key: 'seconds' | 'waited' | 'pictures'): number {
    return this.#steps.reduce((sum, step) => sum + step[key], 0);
  }
}
