import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { runDataCheck } from '../../src/cli/dataCheck.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  const box = { id: 1, image_id: 1, category_id: 3, bbox: [0, 0, 50, 50], area: 2500, iscrowd: 0 };
  const truth = {
    images: [{ id: 1, file_name: 'a.jpg', width: 640, height: 480 }],
    annotations: [box],
    categories: [
      { id: 5, name: 'unseen' },
      { id: 3, name: 'cell' },
    ],
  };
  writeFileSync(at('truth.json'), JSON.stringify(truth));
  writeFileSync(at('broken.json'), JSON.stringify({ ...truth, annotations: [{ ...box, bbox: [] }] }));
});
afterEach(() => {
  process.exitCode = undefined;
});

it('JSON: counts and problems; exit code 1 if there are any', async () => {
  const result = JSON.parse(await outputOf(() => runDataCheck(at('broken.json'), undefined, { json: true })));
  expect(result).toMatchObject({ images: { total: 1, used: 0, empty: 1 }, boxes: { total: 0 } });
  expect(result.problems).toEqual([{ at: 'annotations[0] (id 1).bbox', message: expect.stringContaining('found []') }]);
  expect(process.exitCode).toBe(1);
});

it('for people: what is used, overlap with another file, a clean copy', async () => {
  const options = { against: at('truth.json'), clean: at('clean.json') };
  expect(await outputOf(() => runDataCheck(at('truth.json'), undefined, options))).toMatchInlineSnapshot(`
    "images         1: 1 with boxes, 0 without, 0 with unusable ones only
    image sizes    640 x 480 (1)
    boxes          1: 1 usable
    areas          0 small, 1 medium, 0 large (divided at 32^2 and 96^2)
    side           50 to 50, median 50, half of them 50 to 50 px, square root of the area
    height/width   1 to 1, median 1, half of them 1 to 1
    boxes an image 1 to 1, median 1, half of them 1 to 1

    category  id  boxes  images
    cell       3      1       1
    unseen     5      0       0

    No problems.
    "
  `);
  expect(process.exitCode).toBeUndefined();
  expect(JSON.parse(readFileSync(at('clean.json'), 'utf8')).annotations).toHaveLength(1);
});

it('pictures that are missing are problems', async () => {
  const result = JSON.parse(await outputOf(() => runDataCheck(at('truth.json'), folder, { json: true })));
  expect(result.problems).toEqual([{ at: 'a.jpg', message: 'no such file' }]);
  expect(Object.keys(result.pictures)).toEqual(['read', 'broken', 'otherSize']);
  expect(process.exitCode).toBe(1);
});

it('nothing to learn is a problem; what will be hard to learn is a warning', async () => {
  const nothing = { images: [{ id: 1, file_name: 'a.jpg', width: 64, height: 48 }], annotations: [], categories: [] };
  writeFileSync(at('nothing.json'), JSON.stringify(nothing));
  const result = JSON.parse(await outputOf(() => runDataCheck(at('nothing.json'), undefined, { json: true })));
  expect(result.problems.map(({ message }: { message: string }) => message)).toEqual([
    'there is no class',
    '1 pictures and no box',
  ]);
  expect(process.exitCode).toBe(1);
  const truth = JSON.parse(await outputOf(() => runDataCheck(at('truth.json'), undefined, { json: true })));
  expect(truth.warnings).toEqual(['1 classes have no usable box: unseen']);
});
