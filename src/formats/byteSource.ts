import { closeSync, readSync } from 'node:fs';
import { CheckpointError } from '../errors.js';
import { openRegularFile } from './regularFile.js';

/** Bytes that are read piece by piece, so that a 10 GiB file costs no more memory than what is wanted of it. */
export interface ByteSource {
  /** For messages; the path of a file. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, in a fresh buffer.
   *
   * @throws CheckpointError, before it allocates, where the source ends earlier
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Runs `use` on a file, or on bytes in memory, and closes what it opened. */
export function withBytes<T>(source: string | Uint8Array, use: (bytes: ByteSource) => T): T {
  return typeof source === 'string' ? withFile(source, use) : use(fromMemory(source));
}

function fromMemory(bytes: Uint8Array): ByteSource {
  const name = 'bytes in memory';
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      checkRange(name, bytes.length, offset, length);
      return new Uint8Array(bytes.subarray(offset, offset + length)); // a Buffer's own slice() would share its memory
    },
  };
}

function withFile<T>(path: string, use: (bytes: ByteSource) => T): T {
  const { descriptor: file, size } = openForReading(path);
  try {
    return use({
      name: path,
      size,
      read(offset, length) {
        checkRange(path, size, offset, length);
        const bytes = new Uint8Array(length);
        for (let done = 0; done < length; ) {
          const piece = Math.min(length - done, 2 ** 30); // one system call moves less than 2 GiB
          const count = readSync(file, bytes, done, piece, offset + done);
          if (count === 0) throw cutShort(path, offset + done, length - done, 0);
          done += count;
        }
        return bytes;
      },
    });
  } finally {
    closeSync(file);
  }
}

function openForReading(path: string): { descriptor: number; size: number } {
  try {
    return openRegularFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = { ENOENT: 'no such file', EISDIR: 'is a folder; name the file in it' };
    throw new CheckpointError(path, [{ at: 'path', message: reasons[code ?? ''] ?? message }]);
  }
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0;
  if (!valid || offset + length > size) throw cutShort(name, offset, length, Math.max(0, size - offset));
}

function cutShort(name: string, offset: number, wanted: number, left: number): CheckpointError {
  const message = `expected ${wanted} bytes here, found ${left}`;
  return new CheckpointError(
    name,
    [{ at: `byte ${offset}`, message }],
    'The file is cut off or damaged; fetch it again.',
  );
}
