import { existsSync, readFileSync } from 'node:fs';

/** The values of a file with a JSON document a line, without lines that were cut off; none where there is no file. */
export function jsonLines(file: string): unknown[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').flatMap(parse) : [];
}

function parse(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
