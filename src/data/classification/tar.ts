/**
 * Finds the members of a tar file without reading their contents, so that pictures can be read in place.
 *
 * Format: POSIX.1-2001 `pax`, "ustar Interchange Format", and GNU's long names and binary sizes. 512-byte headers, each
 * followed by its content, padded to 512.
 */
import { close, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { DatasetError } from '../../errors.js';
import { openRegularFile } from '../../formats/regularFile.js';
import type { ByteRange } from '../byteRange.js';

/** A plain file in a tar file. */
export interface TarMember extends ByteRange {
  readonly name: string;
}

const readAt = promisify(read);
const closeFile = promisify(close);

const block = 512;
const longestName = 1 << 16; // of a path in a long-name or pax record; more is a damaged file

/** A tar file opened for reading at positions. `close` it. */
export class TarFile {
  readonly #descriptor: number;
  readonly size: number;
  readonly modifiedMs: number;

  /** @throws the system's own error where it cannot be opened */
  constructor(readonly path: string) {
    const { descriptor, size } = openRegularFile(path);
    this.#descriptor = descriptor;
    this.size = size;
    this.modifiedMs = fstatSync(descriptor).mtimeMs;
  }

  close(): Promise<void> {
    return closeFile(this.#descriptor);
  }

  /**
   * The plain files of the archive, in their order.
   *
   * @param range where the archive lies, for one that is a member of another
   * @throws DatasetError when it is damaged or cut short
   */
  async *members({ offset: start, length }: ByteRange = { offset: 0, length: this.size }): AsyncGenerator<TarMember> {
    const end = start + length;
    const header = Buffer.alloc(block);
    let longName: string | undefined;
    let longSize: number | undefined;
    for (let at = start; at + block <= end; ) {
      await this.#read(header, at);
      if (header.every((byte) => byte === 0)) return; // two empty blocks end an archive; some writers forget one
      this.#checkSum(header, at);
      const type = String.fromCharCode(header[156]!);
      const size = longSize ?? numberAt(header, 124, 12);
      const content = at + block;
      if (!(size >= 0 && content + size <= end))
        throw this.#damaged(at, `a member of ${size} bytes ends after the file`);
      at = content + Math.ceil(size / block) * block;
      if (type === 'L') longName = textOf(await this.#record(content, size));
      else if (type === 'x') {
        const record = await this.#record(content, size);
        longName = paxValue(record, 'path') ?? longName;
        const paxSize = paxValue(record, 'size');
        longSize = paxSize === undefined ? undefined : Number(paxSize);
      } else if (type !== 'g') {
        if (type === '0' || type === '\0') yield { name: longName ?? nameOf(header), offset: content, length: size };
        longName = undefined;
        longSize = undefined;
      }
    }
    throw this.#damaged(end, 'it ends without an end mark: the copy is cut short');
  }

  async #record(at: number, size: number): Promise<Buffer> {
    if (size > longestName) throw this.#damaged(at, `a name of ${size} bytes`);
    const record = Buffer.alloc(size);
    await this.#read(record, at);
    return record;
  }

  async #read(buffer: Buffer, at: number): Promise<void> {
    const { bytesRead } = await readAt(this.#descriptor, buffer, 0, buffer.length, at);
    if (bytesRead < buffer.length) throw this.#damaged(at, 'the file ends here');
  }

  /** The sum of the header's bytes, its own field counted as blanks. */
  #checkSum(header: Buffer, at: number): void {
    let sum = 8 * 32;
    for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += header[i]!;
    if (sum !== numberAt(header, 148, 8))
      throw this.#damaged(at, 'expected the header of a member (its check sum is wrong)');
  }

  #damaged(at: number, message: string): DatasetError {
    return new DatasetError(
      this.path,
      [{ at: `byte ${at}`, message }],
      'It is no tar file, or it is damaged: copy it again.',
    );
  }
}

/** Octal digits, or GNU's big-endian binary with the first bit set. */
function numberAt(header: Buffer, at: number, length: number): number {
  if (header[at]! & 0x80) return Number(header.readBigUInt64BE(at + length - 8));
  return Number.parseInt(textOf(header.subarray(at, at + length)).trim() || '0', 8);
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
  return prefix ? `${prefix}/${name}` : name;
}

/** UTF-8 up to the first zero. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** From records `<length> <key>=<value>\n`, where the length counts the whole record in bytes. */
function paxValue(records: Buffer, key: string): string | undefined {
  for (let at = 0; at < records.length; ) {
    const blank = records.indexOf(32, at);
    const length = blank < 0 ? Number.NaN : Number(records.toString('latin1', at, blank));
    if (!(length > 0)) return undefined;
    const [name, ...value] = records.toString('utf8', blank + 1, at + length - 1).split('=');
    if (name === key) return value.join('=');
    at += length;
  }
  return undefined;
}
