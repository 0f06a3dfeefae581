import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/data/image/image.js';
import { classColour } from '../../src/draw/colours.js';
import { boxesSvg, drawBoxes } from '../../src/draw/drawBoxes.js';
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
    const plain = boxesSvg(600, 500, [{ ...box, text: '' }]);
    expect(boxesSvg(600, 500, [{ ...box, text: 'star 0.9' }]).length).toBeGreaterThan(plain.length + 200);
  });
});

describe('tags', () => {
  /** [x, y, width, height] of the tags, which are the rectangles with round corners. */
  const tags = (svg: string) =>
    [...svg.matchAll(/<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" rx/g)].map(
      (match) => match.slice(1).map(Number) as [number, number, number, number],
    );
  const place = (...boxes: [number, number, number, number][]) =>
    tags(
      boxesSvg(
        500,
        500,
        boxes.map((box) => ({ box, label: 0, text: 'circle 0.97' })),
      ),
    );

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
