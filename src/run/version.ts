import { readFileSync } from 'node:fs';

/** Version of cmtdet. */
export const packageVersion = (): string =>
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
