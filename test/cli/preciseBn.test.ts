import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runPreciseBn } from '../../src/cli/preciseBn.js';
import { ConfigError } from '../../src/errors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toyConfig } from '../support/toyTask.js';

it('--set without --config changes the config beside the checkpoint', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.yaml'), toyConfig);
  const options = { out: join(folder, 'precise.safetensors'), batches: 1, set: ['train.batchSize=-1'] };
  const refused = runPreciseBn(join(folder, 'last.safetensors'), options);
  await expect(refused).rejects.toThrow(ConfigError);
  await expect(refused).rejects.toThrow('train.batchSize');
});
