import { closeSync, createReadStream, readSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { DatasetError } from '../../../errors.js';
import { openRegularFile } from '../../../formats/regularFile.js';

/** A row of a CSV file. */
export interface CsvRow {
  /** Counted from 1, of its last line where it has several. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The rows of a CSV file, whichever of `,`, `;` and tab separates its cells.
 *
 * @throws DatasetError with the line where a quote is not closed and the like
 */
export async function* csvRows(path: string): AsyncGenerator<CsvRow> {
  const { delimiter, encoding } = lookAt(path);
  const options = {
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  };
  const source = createReadStream(path, { fd: openRegularFile(path).descriptor, start: 0, encoding });
  // The parser has the errors of both, and whoever leaves it early closes the file.
  const parser = pipeline(source, parse({ ...options, trim: true }), () => {});
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { line: info.lines, cells: delimiter === ';' ? record.map(withPoint) : record };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DatasetError(path, [{ at: 'csv', message: error.message }]);
  }
}

/** Where `;` separates cells, a comma is what stands before decimals. */
const withPoint = (cell: string) => (/^-?\d+,\d+$/.test(cell) ? cell.replace(',', '.') : cell);

/** The separator is the one that the first line has most of. */
function lookAt(path: string): { delimiter: string; encoding: BufferEncoding } {
  const start = Buffer.alloc(4096);
  const bytesRead = readStart(path, start);
  const encoding = start[0] === 0xff && start[1] === 0xfe ? 'utf16le' : 'utf8';
  const [first = ''] = start.toString(encoding, 0, bytesRead).split(/[\r\n]/);
  const counts = [',', ';', '\t'].map((delimiter) => ({ delimiter, count: first.split(delimiter).length }));
  return { delimiter: counts.reduce((best, one) => (one.count > best.count ? one : best)).delimiter, encoding };
}

/** @returns how many bytes there are */
function readStart(path: string, start: Uint8Array): number {
  const { descriptor } = openRegularFile(path);
  try {
    return readSync(descriptor, start, 0, start.length, 0);
  } finally {
    closeSync(descriptor);
  }
}
