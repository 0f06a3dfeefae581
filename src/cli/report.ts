import { CmtdetError, exitCodes } from '../errors.js';
import { escapeLines } from '../formats/controlCharacters.js';
import { paint } from './console.js';

/** Errors of the operating system that a user can mend, and what they mean. */
const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'this is a folder, and a file is needed',
  ENOTDIR: 'a part of this path is a file, and a folder is needed',
  EEXIST: 'this is there already, and is no folder',
  ENOTEMPTY: 'this folder is not empty',
  ELOOP: 'this is a link that leads to itself',
  ENAMETOOLONG: 'this name is too long',
  EACCES: 'you may not read or write this',
  EPERM: 'you may not do this',
  EROFS: 'this disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota of the disk is used up',
  EFBIG: 'a file may not grow so large here (see `ulimit -f`)',
  EIO: 'the disk cannot be read or written: it may be damaged',
  EBUSY: 'another program uses this',
  EMFILE: 'too many open files (see `ulimit -n`)',
};

/** Prints an error that ended a command, and returns the exit code that it asks for. */
export function reportError(error: unknown): number {
  const say = (text: string) => process.stderr.write(`${paint('red', 'error:')} ${escapeLines(text)}\n`);
  if (error instanceof CmtdetError) {
    say(error.message);
    return error.exitCode;
  }
  const { code = '', path, dest } = (error ?? {}) as NodeJS.ErrnoException & { readonly dest?: string };
  const meaning = systemErrors[code];
  if (meaning) {
    const toDisk = dest !== undefined && ['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG'].includes(code); // of a copy, what is written
    say(`${(toDisk ? dest : path) ?? (error as Error).message}: ${meaning}.`);
    return exitCodes.userProblem;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(
    `This is a fault of cmtdet. Please report it with the command and the lines above (Node ${process.version}, ${process.platform}-${process.arch}).\n`,
  );
  return exitCodes.internal;
}
