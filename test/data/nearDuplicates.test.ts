import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { differenceHash, hashDistance } from '../../src/data/image/differenceHash.js';
import { groupsOf, likenessGroups } from '../../src/data/nearDuplicates.js';
import { renderScene } from '../../src/data/shapes/render.js';
import { randomScene } from '../../src/data/shapes/scene.js';
import { Random } from '../../src/random.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** 17 x 16 pixels, so that each is a cell of the thumbnail. */
function rows(brightness: (x: number, y: number) => number) {
  const data = Uint8Array.from({ length: 17 * 16 * 3 }, (_, i) =>
    brightness(Math.floor(i / 3) % 17, Math.floor(i / 51)),
  );
  return differenceHash({ data, width: 17, height: 16 });
}

it('a bit is set where a cell is brighter than the one right of it', () => {
  expect([...rows((x) => 10 * x)]).toEqual(Array(16).fill(0));
  expect([...rows((x, y) => (y === 2 && x === 3 ? 5 : 0))]).toEqual(
    Array.from({ length: 16 }, (_, y) => (y === 2 ? 8 : 0)),
  );
});

it('15 bits apart is alike, over a chain too; 16 is not; without a hash, alone', () => {
  const bits = (count: number) => Uint16Array.from({ length: 16 }, (_, word) => (word < count ? 1 : 0));
  expect(hashDistance(bits(0), bits(16))).toBe(16);
  const [a, b, c, d, e] = groupsOf([bits(0), bits(16), undefined, bits(1), undefined]);
  expect(a).toBe(b); // by way of the one between them
  expect(d).toBe(a);
  expect(new Set([a, c, e]).size).toBe(3);
  const [far, near] = groupsOf([bits(0), bits(16)]);
  expect(far).not.toBe(near);
});

it('of twenty scenes, copies of other size, compression and brightness are found, and nothing else', async () => {
  const folder = temporaryFolder();
  const images = [];
  for (let i = 0; i < 20; i++) {
    const { data, width, height } = await renderScene(randomScene(new Random(i), 128), new Random(i));
    const picture = sharp(data, { raw: { width, height, channels: 3 } });
    await picture
      .clone()
      .png()
      .toFile(join(folder, `${i}.png`));
    await picture
      .clone()
      .resize(96)
      .linear(0.9)
      .jpeg({ quality: 80 })
      .toFile(join(folder, `${i}.jpg`));
    images.push({ id: 2 * i, file_name: `${i}.png` }, { id: 2 * i + 1, file_name: `${i}.jpg` });
  }
  const { groups, unreadable } = await likenessGroups([...images, { id: 99, file_name: 'missing.jpg' }], folder);
  for (let i = 0; i < 20; i++) expect(groups[2 * i]).toBe(groups[2 * i + 1]);
  expect(new Set(groups).size).toBe(21);
  expect(unreadable).toEqual(['missing.jpg']);
});
