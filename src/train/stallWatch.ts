/** Says what a run waits for when it does not get on. */

export class StallWatch {
  readonly #limitMs: number | null;
  readonly #onStall: (message: string) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  /** What is waited for; undefined: nothing. */
  #what: (() => string) | undefined;
  #since = 0;

  /**
   * @param minutes without progress after which it speaks; null: never
   * @param onStall hears it, once for each wait
   */
  constructor(minutes: number | null, onStall: (message: string) => void) {
    this.#limitMs = minutes === null ? null : minutes * 60_000;
    this.#onStall = onStall;
    if (this.#limitMs !== null)
      this.#timer = setInterval(() => this.#look(), Math.min(this.#limitMs / 4, 10_000)).unref();
  }

  /** Watches a wait. @param what says what for, when it is asked */
  async during<T>(what: () => string, work: Promise<T>): Promise<T> {
    this.#what = what;
    this.#since = performance.now();
    try {
      return await work;
    } finally {
      this.#what = undefined;
    }
  }

  /** Hears that what is waited for gets on. */
  progress(): void {
    this.#since = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const waited = performance.now() - this.#since;
    if (this.#what === undefined || waited < this.#limitMs!) return;
    const minutes = Math.round(waited / 6000) / 10;
    this.#onStall(`no progress for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}: waiting for ${this.#what()}`);
    this.#since = Number.POSITIVE_INFINITY; // said; until there is progress, or another wait
  }
}

/** Names for a line: the first few, and how many more. */
export function fewOf(names: readonly string[]): string {
  const shown = names.slice(0, maxNames).join(', ');
  return names.length > maxNames ? `${shown} and ${names.length - maxNames} more` : shown;
}

const maxNames = 4;
