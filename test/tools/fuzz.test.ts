import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CmtdetError } from '../../src/errors.js';
import { Random } from '../../src/random.js';
import { fuzzedFormats } from '../../tools/fuzz/formats.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

// What `tools/fuzz.ts` does thousands of times and in processes of their own, a few times here.
describe.each(Object.entries(fuzzedFormats))('%s', (_, format) => {
  const path = join(temporaryFolder(), `1${format.ending}`);

  it('takes the whole file, so that damage is all that is refused', async () => {
    writeFileSync(path, await format.whole());
    await format.read(path);
  });

  it('takes or refuses damaged ones', async () => {
    for (let i = 0; i < 8; i++) {
      writeFileSync(path, await format.damaged(new Random(2).fork(i)));
      const error = await Promise.resolve()
        .then(() => format.read(path))
        .catch((reason: unknown) => reason);
      if (error instanceof Error) expect(error).toBeInstanceOf(CmtdetError);
    }
  });
});
