import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

/**
 * Writes a file; where that fails half way, there is none. `writeAtomically` is for files that must survive a crash.
 *
 * @throws the system's own error, which names the file
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw atFile(path, error, () => rmSync(path, { force: true }));
  }
}

/**
 * Runs what adds to a file.
 *
 * @throws the system's own error, which names the file
 */
export function addingTo<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw atFile(path, error);
  }
}

/** Node names a file that cannot be opened, and none that cannot be written to, as on a full disk. */
function atFile(path: string, error: unknown, tidy?: () => void): unknown {
  const { code, path: named } = error as NodeJS.ErrnoException;
  if (code === undefined || named !== undefined) return error;
  tidy?.();
  return Object.assign(error as object, { path });
}
