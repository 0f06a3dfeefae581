/** Rates over the last steps. */

/** Steps that a rate is taken over. */
const window = 20;

interface TimedStep {
  readonly seconds: number;
  readonly waited: number;
  readonly pictures: number;
  readonly isPreparing: boolean;
}

export class Meter {
  #steps: TimedStep[] = [];
  #last = performance.now();
  #waited = 0;

  /** Times the wait for `promise`. */
  async waitFor<T>(promise: Promise<T>): Promise<T> {
    const start = performance.now();
    const value = await promise;
    this.#waited += performance.now() - start;
    return value;
  }

  /** Ends a step. @param isPreparing whether a graph was traced and compiled in it: such steps count only until there is another */
  step(pictures: number, isPreparing: boolean): void {
    const now = performance.now();
    const seconds = (now - this.#last) / 1000;
    if (this.#knowsOnlyPreparing && !isPreparing) this.#steps = [];
    if (this.#knowsOnlyPreparing || !isPreparing)
      this.#steps.push({ seconds, waited: this.#waited / 1000, pictures, isPreparing });
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

  /** Median seconds of a step; null until one has traced nothing. */
  get secondsPerStep(): number | null {
    if (this.#knowsOnlyPreparing) return null;
    const sorted = this.#steps.map(({ seconds }) => seconds).sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) / 2)]!;
  }

  get #knowsOnlyPreparing(): boolean {
    return this.#steps.every(({ isPreparing }) => isPreparing);
  }

  #sum(key: 'seconds' | 'waited' | 'pictures'): number {
    return this.#steps.reduce((sum, step) => sum + step[key], 0);
  }
}
