import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** Where the system knows it: a pipe that nobody writes to opens at once, instead of never. */
const withoutWaiting = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file that has an end. Pipes, devices and sockets are refused, folders too.
 *
 * @returns a descriptor, which the caller closes, and the file's bytes
 * @throws the system's own error where it cannot be opened; one like it with code `EISDIR` or `ENOTREG` for what is no file
 */
export function openRegularFile(path: string): { descriptor: number; size: number } {
  const descriptor = openSync(path, withoutWaiting);
  const status = fstatSync(descriptor);
  if (status.isFile()) return { descriptor, size: status.size };
  closeSync(descriptor);
  throw status.isDirectory()
    ? Object.assign(new Error('is a folder'), { code: 'EISDIR', path })
    : Object.assign(new Error('is a pipe, a device or a socket, expected a file'), { code: 'ENOTREG', path });
}
