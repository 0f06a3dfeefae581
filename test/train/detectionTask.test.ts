import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { DetectionTask } from '../../src/train/detectionTask.js';
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
