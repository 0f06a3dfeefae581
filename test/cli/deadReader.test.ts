import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

test('nobody reads what a training says any more (`2>&1 | head -1`): it goes on to its end', async () => {
  const folder = temporaryFolder();
  const run = join(folder, 'run');
  const { splits } = await generateShapes(join(folder, 'data'), { train: 2, val: 1 });
  const sets = [`data.train=${JSON.stringify(splits.train)}`, 'data.val=null', 'train.maxSteps=2'];
  const args = ['train', 'configs/smoke.yaml', '--run', run, ...sets.flatMap((set) => ['--set', set])];
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { stdio: 'pipe' });
  child.stderr.once('data', () => {
    child.stderr.destroy();
    child.stdout.destroy();
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(0);
  expect(existsSync(join(run, 'last.safetensors'))).toBe(true);
}, 240_000);
