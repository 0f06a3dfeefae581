import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { DetectionTask } from '../../src/train/detectionTask.js';
import { noiseImage } from '../support/images.js';
import { plainImage, savePicture } from '../support/pictureFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it('what is mended in the data, or left out of it, is told: what the file lacks, pictures of another size, boxes', async () => {
  const folder = temporaryFolder();
  for (const name of ['a.png', 'b.png']) await savePicture(join(folder, name), plainImage(60, 40, [90, 90, 90]));
  const annotations = join(folder, 'train.json');
  const box = { image_id: 1, category_id: 1, area: 9, iscrowd: 0 };
  const file = {
    images: [
      { id: 1, file_name: 'a.png', width: 60, height: 40 },
      { id: 2, file_name: 'b.png', width: 40, height: 60 },
    ],
    annotations: [
      { ...box, id: 1, bbox: [10, 10, 20, 20], area: undefined },
      { ...box, id: 2, bbox: [10, 10, 0, 20] },
      { ...box, id: 3, bbox: [50, 10, 20, 20] },
    ],
    categories: [{ id: 1, name: 'thing' }],
  };
  writeFileSync(annotations, JSON.stringify(file));
  const split = `{ annotations: ${annotations}, images: ${folder}, limit: null }`;
  const config = await loadConfig('configs/smoke.yaml', [
    `data.train=${split}`,
    `data.val=${split}`,
    'data.keepEmpty=false',
  ]);
  if (config.task !== 'detection') throw new Error('smoke.yaml is for detection');
  const told: string[] = [];
  const task = await DetectionTask.open(config, {
    onWarning: (message) => told.push(message),
    onSkipped: ({ file }) => told.push(file),
    onRepair: (source, { message }) => told.push(`${source === annotations ? '' : source}${message}`),
  });
  await task.close();
  const ofFile = [
    '1 annotations have no area: taken as width x height (annotations[0])',
    '1 pictures have another size than the annotations say: their own is used (b.png is 60 x 40 upright, not 40 x 60)',
  ];
  expect(told).toEqual([
    ...ofFile,
    '1 boxes are thinner than a pixel or outside of their picture: left out (annotation 2)',
    '1 boxes reach over an edge of their picture: cut there (annotation 3)',
    '1 pictures have no usable box: left out (b.png)',
    ...ofFile, // of val, whose boxes are measured as the file has them
  ]);
});

it('pictures for the event file: one that cannot be decoded is passed over, equal names in two folders are both there', async () => {
  const folder = temporaryFolder();
  const names = ['cut.jpg', 'x/a.jpg', 'y/a.jpg', 'y/b.jpg'];
  for (const name of ['x', 'y']) mkdirSync(join(folder, name));
  for (const name of names) await savePicture(join(folder, name), noiseImage(64, 48));
  truncateSync(join(folder, 'cut.jpg'), statSync(join(folder, 'cut.jpg')).size / 2); // the header is good
  const annotations = join(folder, 'val.json');
  const images = names.map((file_name, id) => ({ id, file_name, width: 64, height: 48 }));
  const box = { bbox: [10, 10, 20, 20], area: 400, iscrowd: 0, category_id: 1 };
  const boxes = images.map(({ id }) => ({ ...box, id, image_id: id }));
  writeFileSync(annotations, JSON.stringify({ images, annotations: boxes, categories: [{ id: 1, name: 'thing' }] }));
  const split = `{ annotations: ${annotations}, images: ${folder}, limit: null }`;
  const config = await loadConfig('configs/smoke.yaml', [
    `data.train=${split}`,
    `data.val=${split}`,
    'data.onBroken=skip',
    'data.workers=0',
    'data.shortSide=32',
    'data.longSide=64',
    'engine={ threads: 1, fuse: none }',
    'model.backbone.variant={ dims: [8, 8, 8, 8], stemChannels: 4, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1] }',
    'model.backbone.biasSize=32',
    'model.neck={ channels: 32, levels: [P3, P4, P5] }',
  ]);
  if (config.task !== 'detection') throw new Error('smoke.yaml is for detection');
  const task = await DetectionTask.open(config, { onWarning() {}, onSkipped() {}, onRepair() {} });
  const pictures = await task.examples(2);
  await task.close();
  expect([...pictures.keys()]).toEqual(['x/a.jpg', 'y/a.jpg']);
});
