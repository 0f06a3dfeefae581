import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runPredict } from '../../src/cli/predict.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it.each([
  ['UTF-8 with a mark', Buffer.from('\ufeffnowhere/猫.jpg\r\n')],
  ['UTF-16, as PowerShell writes', Buffer.from('\ufeffnowhere/猫.jpg\r\n', 'utf16le')],
  ['zero bytes, as of find -print0', Buffer.from('nowhere/猫.jpg\0')],
])('--list in %s: the paths that it has', async (_, bytes) => {
  const folder = temporaryFolder();
  const list = join(folder, 'list.txt');
  writeFileSync(list, bytes);
  await expect(runPredict('none', [], { out: folder, score: 0.3, list })).rejects.toThrow(
    'inputs: 1 problem\n  nowhere/猫.jpg: no such file or folder',
  );
});
