import { statSync } from 'node:fs';
import { UsageError } from '../errors.js';

/**
 * The one rule of everything that writes files which the user names: none of them is a file that is read.
 *
 * @param outputs files to write; those that are not there yet are nobody's
 * @throws UsageError where one of them is one of `inputs`, by whatever path or link
 */
export function refuseOverwriting(
  outputs: readonly (string | undefined)[],
  inputs: Iterable<string | undefined>,
): void {
  const there = new Map<string, string>();
  for (const output of outputs) {
    const identity = identityOf(output);
    if (identity !== undefined) there.set(identity, output!);
  }
  if (there.size === 0) return; // spares a look at each of very many inputs
  for (const input of inputs) {
    const output = there.get(identityOf(input) ?? '');
    if (output !== undefined)
      throw new UsageError(
        `${output} is read by this command too, and would be overwritten: name another place to write`,
      );
  }
}

/** The same for all names of a file; undefined where there is none, or none that can be reached. */
function identityOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    const status = statSync(path, { bigint: true });
    return status.isFile() ? `${status.dev}:${status.ino}` : undefined;
  } catch {
    return undefined; // whoever reads or writes it says why not
  }
}
