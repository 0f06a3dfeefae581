import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SkippedPictures } from '../../src/cli/skippedPictures.js';
import { loadConfig } from '../../src/config/load.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => vi.restoreAllMocks());

it('lists each picture once: found before the run or in it, by both loaders, and again when the run is resumed', async () => {
  const folder = join(temporaryFolder(), 'run');
  const config = await loadConfig('configs/smoke.yaml');
  const [early, late, later] = ['early', 'late', 'later'].map((file) => ({ file, reason: 'is empty (0 bytes)' }));
  const first = new SkippedPictures();
  first.onSkipped(early!);
  const run = RunFolder.create(folder, 'configs/smoke.yaml', config);
  first.listIn(run);
  first.onSkipped(late!);
  first.onSkipped(late!);
  run.close();
  writeFileSync(run.state, ''); // without a state there is nothing to resume
  const second = new SkippedPictures();
  second.onSkipped(early!);
  const resumed = RunFolder.open(folder);
  second.listIn(resumed);
  for (const picture of [late!, later!]) second.onSkipped(picture);
  resumed.close();
  expect(readFileSync(join(folder, 'skipped.txt'), 'utf8')).toBe(
    ['early', 'late', 'later'].map((file) => `${file}\tis empty (0 bytes)\n`).join(''),
  );
});
