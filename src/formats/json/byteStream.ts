import { closeSync, readFileSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { DatasetError } from '../../errors.js';
import { openRegularFile } from '../regularFile.js';

/** Bytes that are read once, front to back. */
export interface ByteStream {
  /** What to call it in messages, usually a path. */
  readonly name: string;
  /** Fills part of `into` and says how many bytes came; 0 at the end. */
  read(into: Uint8Array, offset: number, length: number): number;
  close(): void;
  /** The same bytes again from the start: an error message counts lines with it. */
  reopen(): ByteStream;
}

/** Bytes that are in memory already. */
export function memoryStream(name: string, bytes: Uint8Array): ByteStream {
  let position = 0;
  return {
    name,
    read(into, offset, length) {
      const part = bytes.subarray(position, position + length);
      into.set(part, offset);
      position += part.length;
      return part.length;
    },
    close() {},
    reopen: () => memoryStream(name, bytes),
  };
}

/**
 * The bytes of what a shell hands over and can be read only once: a pipe, or standard input, which is called `-`. Undefined
 * for everything else.
 *
 * @throws DatasetError if it cannot be read
 */
export function pipeContent(path: string): Uint8Array | undefined {
  const isHanded = path === '-' || /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/.test(path); // `<(...)` of a shell
  if (!isHanded) return undefined; // a named pipe that nobody writes to would never end
  try {
    const bytes = readFileSync(path === '-' ? 0 : path);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? unpacked(path, bytes) : bytes;
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(path, [{ at: 'file', message: (error as Error).message }]);
  }
}

/**
 * A file, read piece by piece; one in gzip format (known by its first bytes, not its name) is unpacked in memory.
 *
 * @throws DatasetError if it cannot be opened
 */
export function fileStream(path: string): ByteStream {
  const descriptor = openOrExplain(path);
  const magic = new Uint8Array(2);
  readSync(descriptor, magic, 0, 2, 0);
  if (magic[0] === 0x1f && magic[1] === 0x8b) {
    closeSync(descriptor);
    return memoryStream(path, gunzip(path));
  }
  let position = 0;
  return {
    name: path,
    read(into, offset, length) {
      const count = readSync(descriptor, into, offset, length, position);
      position += count;
      return count;
    },
    close: () => closeSync(descriptor),
    reopen: () => fileStream(path),
  };
}

function openOrExplain(path: string): number {
  try {
    return openRegularFile(path).descriptor;
  } catch (error) {
    const reasons: Record<string, string> = { ENOENT: 'no such file', EACCES: 'not readable', EISDIR: 'is a folder' };
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new DatasetError(path, [{ at: 'file', message: reasons[code] ?? message }]);
  }
}

function gunzip(path: string): Uint8Array {
  return unpacked(path, readFileSync(path));
}

/**
 * What gzip data may unpack to: annotations shrink to a tenth or a thirtieth, and what was made to fill memory to a thousandth.
 * It is unpacked whole, so there is an end in any case.
 */
const mostUnpacked = { times: 250, atLeast: 64 * 2 ** 20, bytes: 2 ** 31 } as const;

function unpacked(path: string, bytes: Uint8Array): Uint8Array {
  const { times, atLeast, bytes: most } = mostUnpacked;
  const maxOutputLength = Math.min(most, Math.max(atLeast, times * bytes.length));
  try {
    return gunzipSync(bytes, { maxOutputLength });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `unpacks to more than ${Math.floor(maxOutputLength / 2 ** 20)} MiB, the limit for its ${bytes.length} bytes; if that is right, unpack it by gunzip: plain files have no limit`
        : `damaged gzip data (${message})`;
    throw new DatasetError(path, [{ at: 'file', message: reason }]);
  }
}
