import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runDataConvert } from '../../src/cli/dataConvert.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const output = join(folder, 'coco.json');
const shapes = [
  {
    label: 'cell',
    shape_type: 'rectangle',
    points: [
      [0, 0],
      [4, 5],
    ],
  },
];
writeFileSync(join(folder, 'a.json'), JSON.stringify({ imagePath: 'a.jpg', imageWidth: 9, imageHeight: 9, shapes }));

it('writes the file, and says how the numbers were read', async () => {
  const text = await outputOf(() => runDataConvert(folder, output, { from: 'labelme', json: true }));
  expect(JSON.parse(text)).toEqual({
    input: folder,
    output,
    images: 1,
    boxes: 1,
    categories: 1,
    imageFolder: folder,
    convention: 'Read as edges in pixels from 0.',
    warnings: [`no picture is below ${folder}: names and sizes are as written (${folder})`],
  });
  expect(parseCoco(output).annotations[0]).toMatchObject({ bbox: [0, 0, 4, 5], area: 20 });
});

it.each([
  [{ from: 'labelme', pixels: 'edges' }, '--pixels means nothing for --from labelme.'],
  [{ from: 'yolo' }, 'names of the classes are needed'],
] as const)('%j', async (options, message) => {
  await expect(runDataConvert(folder, output, options)).rejects.toThrow(message);
});

it('is not written over a file that it was read from; over what an earlier call wrote beside them, it is', async () => {
  const read = join(folder, 'a.json');
  const before = readFileSync(read);
  await outputOf(() => runDataConvert(folder, output, { from: 'labelme', json: true }));
  await outputOf(() => runDataConvert(folder, output, { from: 'labelme', json: true }));
  await expect(runDataConvert(folder, read, { from: 'labelme' })).rejects.toThrow('is read by this command too');
  expect(readFileSync(read)).toEqual(before);
});
