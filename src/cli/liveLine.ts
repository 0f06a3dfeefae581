import { createLogUpdate } from 'log-update';
import { escapeLines } from '../formats/controlCharacters.js';
import { fitted, isLive, note, showsProgress } from './console.js';

/**
 * One line that is rewritten while work goes on. Off a terminal it becomes a plain line every `plainEveryMs`, so that
 * the log of a build server shows life without thousands of lines.
 */
export class LiveLine {
  readonly #write = isLive ? createLogUpdate(process.stderr, { showCursor: true }) : undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #firstMs: number | undefined;
  readonly #plainEveryMs: number;
  readonly #silentMs: number;

  /**
   * @param plainEveryMs least time between two plain lines off a terminal
   * @param silentMs time after the first update in which nothing is shown: work that ends sooner needs no line
   */
  constructor({ plainEveryMs = 10_000, silentMs = 0 } = {}) {
    this.#plainEveryMs = plainEveryMs;
    this.#silentMs = silentMs;
  }

  /** Shows the text, unless the last one has been there for too short a time to be read (80 ms on a terminal). */
  update(text: string): void {
    if (!showsProgress()) return;
    const now = performance.now();
    this.#firstMs ??= now;
    if (now - this.#firstMs < this.#silentMs) return;
    if (now - this.#lastMs < (this.#write ? 80 : this.#plainEveryMs)) return;
    this.#lastMs = now;
    const shown = escapeLines(text);
    if (this.#write) this.#write(fitted(shown));
    else note(shown);
  }

  /** Writes a line that stays, above the live one. */
  keep(line: string): void {
    this.#write?.clear();
    note(line);
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes the live line away. */
  clear(): void {
    this.#write?.clear();
    this.#write?.done();
  }
}
