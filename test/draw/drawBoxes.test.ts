import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/data/image/image.js';
import { classColour } from '../../src/draw/colours.js';
import { drawBoxes } from '../../src/draw/drawBoxes.js';
import { fillRectangle, paintFrame } from '../../src/draw/paint.js';
import { placeTags } from '../../src/draw/tags.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const grey = (width: number, height: number): RgbImage => ({
  data: new Uint8Array(3 * width * height).fill(128),
  width,
  height,
});

async function drawn(image: RgbImage, boxes: Parameters<typeof drawBoxes>[1], name = 'out.png') {
  const file = join(temporaryFolder(), name);
  await drawBoxes(image, boxes, file);
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)];
  return { pixel, info, format: (await sharp(file).metadata()).format };
}

describe('drawBoxes', () => {
  it('the frame has the colour of its class, inside and outside stay as they are', async () => {
    const { pixel, info } = await drawn(grey(600, 500), [{ box: [100, 100, 300, 400], label: 2, text: '' }]);
    expect([info.width, info.height]).toEqual([600, 500]);
    expect(pixel(100, 250)).toEqual([...classColour(2)]);
    expect(pixel(200, 400)).toEqual([...classColour(2)]);
    expect(pixel(200, 250)).toEqual([128, 128, 128]);
    expect(pixel(50, 50)).toEqual([128, 128, 128]);
  });

  it('a picture of 64 pixels is enlarged seven times, and boxes with it', async () => {
    const { pixel, info } = await drawn(grey(64, 80), [{ box: [10, 10, 50, 50], label: 0, text: '' }]);
    expect([info.width, info.height]).toEqual([448, 560]);
    expect(pixel(70, 210)).toEqual([...classColour(0)]);
  });

  it('the ending decides the format', async () => {
    expect((await drawn(grey(400, 400), [], 'a.jpg')).format).toBe('jpeg');
    expect((await drawn(grey(400, 400), [], 'a.webp')).format).toBe('webp');
  });

  it('text is drawn', async () => {
    const box = { box: [100, 100, 300, 400], label: 1 } as const;
    const colours = (text: string) =>
      drawn(grey(600, 500), [{ ...box, text }]).then(
        ({ pixel }) =>
          new Set(Array.from({ length: 12 * 60 }, (_, i) => pixel(105 + (i % 60), 86 + Math.floor(i / 60)).join())),
      );
    expect((await colours('')).size).toBeLessThan(5);
    expect((await colours('star 0.9')).size).toBeGreaterThan(20);
  });

  it('the picture that was given stays as it is', async () => {
    const image = grey(600, 500);
    await drawn(image, [{ box: [100, 100, 300, 400], label: 2, text: 'star' }]);
    expect(image.data.every((value) => value === 128)).toBe(true);
  });

  it('edges between pixels cover a part of them, dashes leave gaps, and what lies outside is left out', () => {
    const line = (edges: [number, number, number, number]) => {
      const image = grey(8, 8);
      fillRectangle(image, edges, [228, 128, 28]);
      return Array.from({ length: 8 }, (_, x) => image.data[3 * (4 * 8 + x)]);
    };
    expect(line([2.5, 4, 5.25, 5])).toEqual([128, 128, 178, 228, 228, 153, 128, 128]);
    expect(line([-3, 4, 1, 5])).toEqual([228, 128, 128, 128, 128, 128, 128, 128]);
    const dashed = grey(40, 40);
    paintFrame(dashed, [10, 10, 30, 30], 2, [0, 0, 0], { dash: [4, 3] });
    expect(Array.from({ length: 14 }, (_, i) => dashed.data[3 * (10 * 40 + 9 + i)])).toEqual([
      0, 0, 0, 0, 128, 128, 128, 0, 0, 0, 0, 128, 128, 128,
    ]);
  });

  it('a box of any size takes no longer: what is outside is not drawn', () => {
    const image = grey(40, 40);
    paintFrame(image, [-1e12, 10, 1e15, 1e12], 2, [0, 0, 0], { dash: [4, 3] });
    expect(image.data.filter((value) => value === 0).length).toBeGreaterThan(3 * 2 * 20);
    expect([...image.data.subarray(3 * 20 * 40)].every((value) => value === 128)).toBe(true);
  });

  it('more tags than one SVG can hold', async () => {
    const boxes = Array.from(
      { length: 1200 },
      (_, i) => ({ box: [100, 100, 300, 300], label: i, text: 'dog 0.9' }) as const,
    );
    const { pixel } = await drawn(grey(1500, 1500), boxes);
    expect(pixel(110, 80)).not.toEqual([128, 128, 128]);
  });
});

describe('tags', () => {
  /** [x, y, width, height] */
  const place = (...boxes: [number, number, number, number][]) =>
    placeTags(
      500,
      500,
      boxes.map((box) => ({ box, label: 0, text: 'circle 0.97' })),
    ).map(({ x, y, width, height }) => [x, y, width, height] as const);

  it('above the box', () => {
    const [x, y, , height] = place([100, 200, 300, 300])[0]!;
    expect(x).toBe(100);
    expect(y + height).toBeCloseTo(200);
  });

  it('inside where the box begins at the top of the picture', () => {
    expect(place([100, 0, 300, 300])[0]!.slice(0, 2)).toEqual([100, 0]);
  });

  it('pushed in at the right side', () => {
    const [x, , width] = place([490, 200, 499, 300])[0]!;
    expect(x + width).toBeCloseTo(500);
  });

  it('two boxes in one place: the second tag moves away', () => {
    const [a, b] = place([100, 200, 300, 300], [100, 200, 300, 300]);
    expect(a!.slice(0, 2)).not.toEqual(b!.slice(0, 2));
  });

  it('a box that fills the picture, and one outside it', () => {
    for (const [x, y, width, height] of [...place([0, 0, 500, 500]), ...place([-50, -50, -10, -10])]) {
      expect(x >= 0 && y >= 0 && x + width <= 500 && y + height <= 500).toBe(true);
    }
  });
});
