import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
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

it('a colour profile is applied, or ignored where that is asked for', async () => {
  const { data, width, height } = plainImage(4, 4, [200, 100, 50]);
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  writeFileSync(at('p3.png'), await picture.withIccProfile('p3').png().toBuffer());
  const stored = await sharp(at('p3.png'), { ignoreIcc: true }).raw().toBuffer();
  const looked = async (colourProfiles?: 'apply' | 'ignore') =>
    JSON.parse(
      await outputOf(() => runDataImage([at('p3.png')], { json: true, ...(colourProfiles && { colourProfiles }) })),
    )[0].mean;
  expect(await looked()).toEqual([200, 100, 51]); // 50, through P3 and back in 8 bits
  expect(await looked('ignore')).toEqual([...stored.subarray(0, 3)]);
  expect(stored[0]).not.toBe(200);
});

it('for people: a line for each', async () => {
  const output = await outputOf(() => runDataImage([at('red.png')], {}));
  expect(output).toContain('6 x 4    255.00   0.00  0.00');
  expect(process.exitCode).toBeUndefined();
});
