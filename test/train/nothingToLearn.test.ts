import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import type { DetectionConfig } from '../../src/config/schema.js';
import { DetectionTask } from '../../src/train/detectionTask.js';
import { writePictures } from '../support/annotationWriters.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const images = [{ id: 1, file_name: 'a.jpg', width: 64, height: 48 }];
const categories = [{ id: 1, name: 'cell' }];

/** Opens the data of a run, which comes before its folder is made. */
async function open(train: object, val?: string): Promise<unknown> {
  await writePictures(folder, [{ file: 'a.jpg', width: 64, height: 48, objects: [] }], '');
  writeFileSync(join(folder, 'train.json'), JSON.stringify(train));
  const split = (annotations: string) => JSON.stringify({ annotations: join(folder, annotations), images: folder });
  const text = `task: detection\nmodel: { backbone: { name: cmt, variant: cmt_ti } }\ndata:\n  train: ${split('train.json')}\n  val: ${val === undefined ? 'null' : split(val)}\n`;
  return DetectionTask.open(parseConfig(text, 'test.yaml') as DetectionConfig, {
    onWarning() {},
    onRepair() {},
    onSkipped() {},
  });
}

it.each([
  ['no class', { images, annotations: [], categories: [] }, 'categories: there is no class'],
  ['no box', { images, annotations: [], categories }, 'annotations: 1 pictures and no box'],
  [
    'shares for pixels',
    { images, annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0.1, 0.2, 0.5, 0.5] }], categories },
    'shares of the picture where pixels belong?',
  ],
])('a run on nothing stops before it begins: %s', async (_, train, message) => {
  await expect(open(train)).rejects.toThrow(message);
});

it('a val file that is not there is told with the key of the config', async () => {
  const train = { images, annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 30, 30] }], categories };
  await expect(open(train, 'val.json')).rejects.toThrow('data.val.annotations: no such file');
});
