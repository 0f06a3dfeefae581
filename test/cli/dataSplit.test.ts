import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { runDataMerge } from '../../src/cli/dataMerge.js';
import { runDataSplit } from '../../src/cli/dataSplit.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const out = join(folder, 'split');
const [train, val] = [join(out, 'train.json'), join(out, 'val.json')];
let annotations: string;
let images: string;

beforeAll(async () => {
  ({ annotations, images } = (
    await generateShapes(join(folder, 'data'), { train: 20, val: 1, size: 64 })
  ).splits.train);
});

it('split writes both files, and counts what is on which side; no picture is on both', async () => {
  const options = { out, val: 0.25, seed: 1 };
  const report = JSON.parse(await outputOf(() => runDataSplit(annotations, images, { ...options, json: true })));
  expect(report).toMatchObject({ train, val, images: [15, 5] });
  const names = [train, val].flatMap((file) => parseCoco(file).images.map(({ file_name }) => file_name));
  expect(new Set(names).size).toBe(20);
  expect(await outputOf(() => runDataSplit(annotations, images, options))).toContain(`${val}: 5 pictures`);
});

it('merge of the two has every picture and box again', async () => {
  const whole = parseCoco(annotations);
  const output = join(folder, 'merged.json');
  await outputOf(() => runDataMerge(output, [train, val], {}));
  const merged = parseCoco(output);
  expect(merged.categories).toEqual(whole.categories);
  expect([merged.images.length, merged.annotations.length]).toEqual([20, whole.annotations.length]);
});

it('split refuses to write over the file that it reads; merge too, and folders that are not one for each file', async () => {
  const before = readFileSync(train);
  await expect(runDataSplit(train, images, { out, val: 0.5, seed: 1 })).rejects.toThrow('is read by this command too');
  await expect(runDataMerge(train, [train, val], {})).rejects.toThrow('is read by this command too');
  expect(readFileSync(train)).toEqual(before);
  const output = join(folder, 'x.json');
  await expect(runDataMerge(output, [train, val], { folders: ['a'] })).rejects.toThrow(
    '--folders names 1 folders for 2',
  );
  expect(existsSync(output)).toBe(false);
});
