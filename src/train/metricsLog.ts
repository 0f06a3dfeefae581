/** `metrics.jsonl`: what a run measured, a line each. */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { jsonLines } from '../formats/jsonLines.js';
import { addingTo } from '../formats/writeWhole.js';

/** What one line of metrics.jsonl holds: numbers and words by name. */
export type LogRecord = Readonly<Record<string, number | string | null>>;

/** A line of metrics.jsonl. */
export type LogLine = LogRecord & { readonly kind: string; readonly step: number };

export class MetricsLog {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(kind: string, step: number, record: LogRecord): void {
    addingTo(this.#file, () => appendFileSync(this.#file, `${JSON.stringify({ kind, step, ...record })}\n`));
  }

  /** Lines of a kind, oldest first. */
  lines(kind: string): LogLine[] {
    return this.#lines().filter((line) => line.kind === kind);
  }

  /** What the lines of a kind measured, oldest first. */
  measured(kind: string): Record<string, number | null>[] {
    return this.lines(kind).map(({ step, epoch, ...record }) => {
      const entries = Object.entries(record);
      return Object.fromEntries(
        entries.filter((entry): entry is [string, number | null] => typeof entry[1] !== 'string'),
      );
    });
  }

  /**
   * Takes out what a resumed run will write again: lines of later steps, and a last line that was cut off.
   *
   * @param isMeasured whether a measurement of this step stays
   */
  cutTo(step: number, isMeasured: boolean): void {
    if (!existsSync(this.#file)) return;
    const stays = (line: LogLine) => line.step < step || (line.step === step && (isMeasured || line.kind !== 'val'));
    const kept = this.#lines().filter(stays);
    const text = kept.map((line) => `${JSON.stringify(line)}\n`).join('');
    if (text === readFileSync(this.#file, 'utf8')) return;
    writeFileSync(`${this.#file}.new`, text);
    renameSync(`${this.#file}.new`, this.#file);
  }

  #lines(): LogLine[] {
    return jsonLines(this.#file).filter((line): line is LogLine => typeof (line as LogLine | null)?.step === 'number');
  }
}
