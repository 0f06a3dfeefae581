/**
 * What people read while a command works: on standard error, so that standard output carries results alone.
 * Colours and the live line need a terminal; elsewhere (`CI`, `NO_COLOR`, a pipe) plain lines appear.
 */
import { styleText } from 'node:util';
import stringWidth from 'string-width';
import { escapeControls, escapeLines } from '../formats/controlCharacters.js';
import { shortened } from '../formats/shortened.js';

const { env, stderr, stdout } = process;

/** True if a line may be rewritten in place. */
export const isLive = stderr.isTTY === true && !env.CI && env.TERM !== 'dumb';

/** Colours text meant for `stream`, if that is a terminal and nobody said `NO_COLOR` (https://no-color.org). */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = stderr): string {
  if (!stream.isTTY || env.NO_COLOR || env.CI || env.TERM === 'dumb') return text;
  return styleText(colour, text, { validateStream: false });
}

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

let isQuiet = false;

/** From now on nothing is said of progress, and no facts. */
export function beQuiet(): void {
  isQuiet = true;
}

/** One line of progress or of fact, for people. */
export function note(line: string): void {
  if (!isQuiet) stderr.write(`${line}\n`);
}

/** A line that fits into the terminal, if there is one: one that wraps cannot be rewritten in place. */
export function fitted(line: string): string {
  const width = stderr.isTTY ? (stderr.columns ?? 80) : Number.POSITIVE_INFINITY;
  if (stringWidth(line) < width) return line;
  let columns = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(line)) {
    columns += stringWidth(segment);
    if (columns > width - 2) return `${line.slice(0, index)}…`;
  }
  return line;
}

/** Whether progress is shown at all. */
export const showsProgress = (): boolean => !isQuiet;

/** Something that may be wrong but does not stop the work. */
export function warn(message: string): void {
  stderr.write(`${paint('yellow', 'warning:')} ${escapeLines(message)}\n`);
}

/** The result of a command, for people. */
export function print(text: string): void {
  stdout.write(`${text}\n`);
}

/** The result of a command, for programs: one JSON document. Numbers keep all their digits; NaN becomes null. */
export function printJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Rows under a head, columns as wide as their contents; numbers (anything but the first column) to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => escapeControls(shortened(String(cell), widestCell))));
  const widths = head.map((_, column) =>
    cells.reduce((width, row) => Math.max(width, stringWidth(row[column] ?? '')), 0),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat(widths[column]! - stringWidth(cell));
        return column === 0 ? cell + space : space + cell;
      })
      .join('  ')
      .trimEnd();
  return [paint('bold', line(cells[0]!), stdout), ...cells.slice(1).map(line)].join('\n');
}

/** A column is as wide as its widest cell, so that one very long name would fill the memory with spaces. */
const widestCell = 100;

/** The first five of a list, in words. */
export function firstOf(items: readonly string[]): string {
  return items.slice(0, 5).join(', ') + (items.length > 5 ? ', ...' : '');
}

/** `73 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
