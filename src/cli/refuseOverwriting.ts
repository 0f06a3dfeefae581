import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';

/** @throws UsageError where what is to be written is one of the files that are read, by whatever path */
export function refuseOverwriting(output: string, inputs: readonly (string | undefined)[]): void {
  const place = placeOf(output);
  const same = inputs.find((input) => input !== undefined && placeOf(input) === place);
  if (same !== undefined)
    throw new UsageError(`${output} is read by this command too, and would be overwritten: name another file to write`);
}

function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path); // not there yet
  }
}
