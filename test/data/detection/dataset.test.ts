import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { type DatasetOptions, openDetectionDataset } from '../../../src/data/detection/dataset.js';
import { plainImage, savePicture } from '../../support/pictureFolder.js';
import { messagesOf } from '../../support/repairs.js';
import { describeWithShared } from '../../support/shared.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const folder = temporaryFolder();
beforeAll(async () => {
  const grey = plainImage(60, 40, [90, 90, 90]);
  await savePicture(join(folder, 'a.jpg'), grey);
  await savePicture(join(folder, 'b.png'), grey);
  await sharp(grey.data, { raw: { width: 60, height: 40, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .toFile(join(folder, 'lying.jpg'));
  writeFileSync(join(folder, 'empty.jpg'), '');
  writeFileSync(join(folder, 'page.jpg'), '<html></html>');
  mkdirSync(join(folder, 'folder.jpg'));
});

type Sides = { width?: number; height?: number };
const image = (id: number | string, file_name: string, sides: Sides = { width: 60, height: 40 }) => ({
  id,
  file_name,
  ...sides,
});
const box = (id: number, image_id: number | string, bbox: number[], rest = {}) => ({
  id,
  image_id,
  category_id: 1,
  bbox,
  ...rest,
});
const categories = [{ id: 1, name: 'thing' }];

const openWith = (
  images: object[],
  annotations: object[],
  options: Partial<DatasetOptions> = {},
  named: object[] = categories,
) =>
  openDetectionDataset(parseCoco({ images, annotations, categories: named }), folder, {
    source: 'train.json',
    ...options,
  });

describe('openDetectionDataset', () => {
  it('boxes become xyxy inside the picture; crowds, flat boxes and those outside are dropped and counted', async () => {
    const { records, summary } = await openWith(
      [image(1, 'a.jpg')],
      [
        box(1, 1, [10, 5, 20, 10]),
        box(2, 1, [-5, 30, 20, 20]), // reaches out to the left and below
        box(3, 1, [10, 10, 20, 0]),
        box(4, 1, [10, 10, 0.5, 20]),
        box(5, 1, [70, 10, 20, 20]),
        box(6, 1, [50, 30, -20, -10]),
        box(7, 1, [0, 0, 60, 40], { iscrowd: 1 }),
      ],
    );
    expect([...records[0]!.boxes]).toEqual([10, 5, 30, 15, 0, 30, 15, 40]);
    expect(summary).toMatchObject({ images: 1, withBoxes: 1, withoutBoxes: 0, boxes: 2 });
    expect(summary.dropped).toEqual({ crowd: 1, degenerate: 4 });
    expect(messagesOf(summary.repairs.targets)).toEqual([
      '1 boxes reach over an edge of their picture: cut there (annotation 2)',
      '4 boxes are thinner than a pixel or outside of their picture: left out (annotation 3, annotation 4, annotation 5, annotation 6)',
    ]);
    expect(summary.repairs.pictures).toEqual([]);
  });

  it('labels follow the sorted category ids, whatever their order in the file', async () => {
    const named = [90, 3, 0].map((id) => ({ id, name: `class ${id}` }));
    const annotations = [90, 3, 0].map((category_id, i) => ({ ...box(i + 1, 1, [0, 0, 10, 10]), category_id }));
    const { records, categories: sorted } = await openWith([image(1, 'a.jpg')], annotations, {}, named);
    expect(sorted.map(({ id }) => id)).toEqual([0, 3, 90]);
    expect([...records[0]!.labels]).toEqual([2, 1, 0]);
  });

  it('ids that are strings', async () => {
    const { records } = await openWith([image('000001', 'a.jpg')], [box(1, '000001', [0, 0, 10, 10])]);
    expect(records[0]).toMatchObject({ imageId: '000001', labels: Int32Array.of(0) });
  });

  it('pictures without boxes are kept as negatives, or dropped on request; both are counted', async () => {
    const images = [image(1, 'a.jpg'), image(2, 'b.png')];
    const annotations = [box(1, 1, [0, 0, 10, 10]), box(2, 2, [0, 0, 10, 0])];
    const kept = await openWith(images, annotations);
    expect(kept.records.map(({ imageId, labels }) => [imageId, labels.length])).toEqual([
      [1, 1],
      [2, 0],
    ]);
    const dropped = await openWith(images, annotations, { empty: 'drop' });
    expect(dropped.records.map(({ imageId }) => imageId)).toEqual([1]);
    for (const { summary } of [kept, dropped])
      expect(summary).toMatchObject({ images: 2, withBoxes: 1, withoutBoxes: 1 });
    const leftOut = '1 pictures have no usable box: left out (b.png)';
    expect(messagesOf(kept.summary.repairs.targets)).not.toContain(leftOut);
    expect(messagesOf(dropped.summary.repairs.targets)).toContain(leftOut);
  });

  it.each<[string, Sides, number]>([
    ['the upright size', { width: 40, height: 60 }, 0],
    ['the stored size', { width: 60, height: 40 }, 1],
    ['-1 x -1', { width: -1, height: -1 }, 0],
    ['no size', {}, 0],
  ])('a picture lying on its side, the file says %s: the upright size counts', async (_, sides, warnings) => {
    const { records, summary } = await openWith([image(1, 'lying.jpg', sides)], [box(1, 1, [10, 50, 20, 30])]);
    expect(records[0]).toMatchObject({ width: 40, height: 60 });
    expect([...records[0]!.boxes]).toEqual([10, 50, 30, 60]);
    const told =
      '1 pictures have another size than the annotations say: their own is used (lying.jpg is 40 x 60 upright, not 60 x 40)';
    expect(messagesOf(summary.repairs.pictures)).toEqual(warnings > 0 ? [told] : []);
  });

  it('all pictures that are missing or broken are listed at once', async () => {
    const names = [
      'a.jpg',
      'gone.jpg',
      'A.jpg',
      'empty.jpg',
      'page.jpg',
      'folder.jpg',
      '../../etc/hostname',
      'sub\\gone.jpg',
    ];
    const opening = openWith(
      names.map((name, i) => image(i, name)),
      [],
    );
    await expect(
      opening.catch((error: Error) => error.message.replace(folder, 'FOLDER')),
    ).resolves.toMatchInlineSnapshot(`
      "train.json: 7 problems
        gone.jpg: no such file
        A.jpg: no such file, but there is "a.jpg": upper and lower case differ
        empty.jpg: is empty (0 bytes)
        page.jpg: is an HTML page, not a picture: a download that failed?
        folder.jpg: is a folder, expected a picture
        ../../etc/hostname: leads out of the image folder
        sub\\gone.jpg: no such file
      Pictures are looked for below FOLDER. To go on without them: data.missing, data.onBroken = skip."
    `);
  });

  it('missing and broken pictures are skipped separately', async () => {
    const images = [image(1, 'a.jpg'), image(2, 'gone.jpg'), image(3, 'empty.jpg')];
    await expect(openWith(images, [], { missing: 'skip' })).rejects.toThrow(/1 problem\n {2}empty\.jpg/);
    await expect(openWith(images, [], { onBroken: 'skip' })).rejects.toThrow(/1 problem\n {2}gone\.jpg/);
    const { records, summary } = await openWith(images, [], { missing: 'skip', onBroken: 'skip' });
    expect(records.map(({ imageId }) => imageId)).toEqual([1]);
    expect(summary.broken.map(({ at }) => at)).toEqual(['gone.jpg', 'empty.jpg']);
  });

  it.skipIf(process.getuid?.() === 0)('a picture without permission', async () => {
    await savePicture(join(folder, 'locked.jpg'), plainImage(8, 8, [1, 2, 3]));
    chmodSync(join(folder, 'locked.jpg'), 0);
    await expect(openWith([image(1, 'locked.jpg')], [])).rejects.toThrow('may not be read (permission denied)');
  });

  it('nothing usable', async () => {
    await expect(openWith([image(1, 'a.jpg')], [], { empty: 'drop' })).rejects.toThrow(
      'train.json: 1 problem\n  images: none of 1 pictures is usable: 0 broken, 1 without a box',
    );
  });
});

describeWithShared('50 + 50 pictures of COCO', 'data/tiny_coco', (tiny) => {
  it.each([
    ['val2017', 50, 48],
    ['train2017', 50, 49],
  ])('%s: %i pictures, %i with boxes, the sizes of the file', async (split, images, withBoxes) => {
    const coco = parseCoco(join(tiny, 'annotations', `instances_${split}.json`));
    const { summary, categories: named } = await openDetectionDataset(coco, join(tiny, split), { source: split });
    expect(summary).toMatchObject({ images, withBoxes, broken: [], repairs: { pictures: [] } });
    expect(named).toHaveLength(80);
  });
});
