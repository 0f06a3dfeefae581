import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { checkPictures } from '../../src/data/pictureCheck.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

let folder: string;

beforeAll(async () => {
  folder = temporaryFolder();
  const images = join(folder, 'images');
  mkdirSync(join(images, 'sub'), { recursive: true });
  mkdirSync(join(images, 'folder.jpg'));
  const random = Buffer.from(Array.from({ length: 300 * 200 * 3 }, (_, i) => (i * 7919) % 251));
  const noise = await sharp(random, { raw: { width: 300, height: 200, channels: 3 } })
    .jpeg()
    .toBuffer();
  const picture = sharp({ create: { width: 60, height: 40, channels: 3, background: '#808080' } });
  writeFileSync(join(images, 'sub', 'a.jpg'), await picture.clone().jpeg().toBuffer());
  writeFileSync(join(images, 'turned.jpg'), await picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer());
  writeFileSync(join(images, 'cut.jpg'), noise.subarray(0, noise.length / 2));
  writeFileSync(join(images, 'page.jpg'), '<html></html>');
  writeFileSync(join(folder, 'secret.jpg'), await picture.clone().jpeg().toBuffer());
  symlinkSync(join(folder, 'secret.jpg'), join(images, 'link.jpg'));
});

async function check(images: object[], pixels = true) {
  const file = parseCoco({
    images: images.map((image, i) => ({ id: i + 1, ...image })),
    annotations: images.map((_, i) => ({
      id: i + 1,
      image_id: i + 1,
      category_id: 1,
      bbox: [0, 0, 9, 9],
      area: 81,
      iscrowd: 0,
    })),
    categories: [{ id: 1, name: 'a' }],
  });
  return checkPictures(file, join(folder, 'images'), { pixels });
}

const names = (...list: string[]) => list.map((file_name) => ({ file_name, width: 60, height: 40 }));

it('slashes either way, and `..` that stays inside, name the same file', async () => {
  const { read, broken } = await check(names('sub/a.jpg', 'sub\\a.jpg', 'x/../sub/a.jpg'));
  expect([read, broken]).toEqual([3, []]);
});

it('what leaves the folder is refused: `..`, absolute paths, links', async () => {
  const { read, broken } = await check(names('../secret.jpg', join(folder, 'images', 'sub', 'a.jpg'), 'link.jpg'));
  expect([read, broken.length]).toEqual([0, 3]);
});

it('missing, a folder, no picture, cut off: each with its reason', async () => {
  const { broken, usable } = await check(names('none.jpg', 'folder.jpg', 'page.jpg', 'cut.jpg', 'sub/a.jpg'));
  expect(broken.map(({ at }) => at)).toEqual(['none.jpg', 'folder.jpg', 'page.jpg', 'cut.jpg']);
  expect(broken.every(({ message }) => message.length > 5)).toBe(true);
  expect(usable.images.map(({ id }) => id)).toEqual([5]);
  expect(usable.annotations.map(({ image_id }) => image_id)).toEqual([5]);
});

it('a header alone does not show that the pixels are cut off', async () => {
  expect((await check([{ file_name: 'cut.jpg', width: 300, height: 200 }], false)).broken).toEqual([]);
});

it('a picture lying on its side: its upright size counts, in the file or not', async () => {
  const sizes = [{ width: 40, height: 60 }, { width: 60, height: 40 }, { width: -1, height: -1 }, {}];
  const { usable, otherSize } = await check(sizes.map((size) => ({ file_name: 'turned.jpg', ...size })));
  expect(usable.images.map(({ width, height }) => [width, height])).toEqual(sizes.map(() => [40, 60]));
  expect(otherSize).toEqual([{ at: 'turned.jpg', message: 'is 40 x 60 upright, the file says 60 x 40' }]);
});

it('an image without a file name', async () => {
  expect((await check([{ width: 3, height: 3 }])).broken).toEqual([{ at: 'image 1', message: 'has no file_name' }]);
});
