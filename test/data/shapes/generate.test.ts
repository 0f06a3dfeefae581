import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { generateShapes } from '../../../src/data/shapes/generate.js';
import { shapeNames } from '../../../src/data/shapes/scene.js';
import { UsageError } from '../../../src/errors.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const options = { seed: 3, train: 6, val: 3, size: 64 };

it('COCO json, pictures and class folders agree', async () => {
  const { crops, splits } = await generateShapes(temporaryFolder(), options);
  for (const [split, count] of [
    ['train', 6],
    ['val', 3],
  ] as const) {
    const { images, annotations } = splits[split];
    const coco = JSON.parse(readFileSync(annotations, 'utf8'));
    expect(coco.categories.map(({ name }: { name: string }) => name)).toEqual([...shapeNames]);
    expect(coco.images).toHaveLength(count);
    expect(readdirSync(images).sort()).toEqual(coco.images.map((image: { file_name: string }) => image.file_name));
    const { width, height } = await sharp(join(images, coco.images[0].file_name)).metadata();
    expect([width, height]).toEqual([64, 64]);
    for (const { id, name } of coco.categories) {
      const annotated = coco.annotations.filter((one: { category_id: number }) => one.category_id === id);
      expect(readdirSync(join(crops, split, name))).toHaveLength(annotated.length);
    }
  }
});

it('the same options give the same bytes', async () => {
  const [a, b] = [await generateShapes(temporaryFolder(), options), await generateShapes(temporaryFolder(), options)];
  for (const file of ['0001.jpg', '0006.jpg'])
    expect(
      readFileSync(join(a.splits.train.images, file)).equals(readFileSync(join(b.splits.train.images, file))),
    ).toBe(true);
  expect(readFileSync(a.splits.val.annotations, 'utf8')).toBe(readFileSync(b.splits.val.annotations, 'utf8'));
});

it('what is there is used; other options make it anew, without leftovers', async () => {
  const folder = temporaryFolder();
  const { splits } = await generateShapes(folder, options);
  const picture = join(splits.train.images, '0006.jpg');
  const { ino } = statSync(picture);
  await generateShapes(folder, options);
  expect(statSync(picture).ino).toBe(ino);
  await generateShapes(folder, { ...options, train: 2 });
  expect(existsSync(picture)).toBe(false);
});

it.each(['train', 'val', 'crops', 'instances_val.json', 'recipe.json'])(
  "somebody's own %s is not removed, and named",
  async (name) => {
    const folder = temporaryFolder();
    const path = join(folder, name);
    if (name.endsWith('.json')) writeFileSync(path, '{}');
    else mkdirSync(path);
    const refused = generateShapes(folder, options);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(`${path}: there already`);
    expect(readdirSync(folder)).toEqual([name]);
  },
);

it('what a call leaves that came to no end is made anew', async () => {
  const folder = temporaryFolder();
  const onPicture = () => {
    throw new Error('killed');
  };
  await expect(generateShapes(folder, { ...options, onPicture })).rejects.toThrow('killed');
  const { splits } = await generateShapes(folder, options);
  expect(readdirSync(splits.train.images)).toHaveLength(options.train);
});
