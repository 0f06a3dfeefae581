import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { runDataImage } from '../../src/cli/dataImage.js';
import { plainImage, savePicture } from '../support/pictureFolder.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  await savePicture(at('red.png'), plainImage(6, 4, [255, 0, 0]));
  await savePicture(at('grey.jpg'), plainImage(16, 8, [90, 90, 90]));
  writeFileSync(at('empty.jpg'), '');
});
afterEach(() => {
  process.exitCode = undefined;
});

it('JSON: size and mean colour, or why not; exit code 1 if there is no picture in a file', async () => {
  const files = [at('red.png'), at('grey.jpg'), at('empty.jpg')];
  expect(JSON.parse(await outputOf(() => runDataImage(files, { json: true })))).toEqual([
    { file: at('red.png'), width: 6, height: 4, mean: [255, 0, 0] },
    { file: at('grey.jpg'), width: 16, height: 8, mean: [90, 90, 90] },
    { file: at('empty.jpg'), error: 'is empty (0 bytes)' },
  ]);
  expect(process.exitCode).toBe(1);
});

it('for people: a line for each', async () => {
  const output = await outputOf(() => runDataImage([at('red.png')], {}));
  expect(output).toContain('6 x 4    255.00   0.00  0.00');
  expect(process.exitCode).toBeUndefined();
});
