import { describe, expect, it } from 'vitest';
import type { DetectionRecord } from '../../../src/data/detection/dataset.js';
import { advise } from '../../../src/run/newConfig/advise.js';

/** Pictures of one size with a box of this side in each, all of the first class. */
const records = (count: number, [width, height]: readonly [number, number], side: number): DetectionRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ imageId: i, file: `${i}.jpg`, width, height },
    boxes: Float32Array.of(0, 0, side, side),
    labels: Int32Array.of(0),
  }));

const adviceFor = (
  pictures: readonly DetectionRecord[],
  { classNames = ['cell'], cores = 2, hasGpu = false, minutes = undefined as number | undefined } = {},
) => advise({ records: pictures, classNames, machine: { cores, hasGpu }, minutes });

describe('advise', () => {
  it.each([
    // 480 high, side 46: 46 * 256 / 480 = 24.5 is the first of at least 24
    [
      [640, 480],
      46,
      2,
      256,
      'nine of ten boxes measure 25 pixels or more at this size, and 24 are enough, three cells',
    ],
    [[640, 480], 200, 2, 128, 'measure 53 pixels or more'],
    [[640, 480], 10, 2, 320, 'as large as 2 cores have time for'],
    [[640, 480], 10, 64, 448, 'the size of the pictures'],
    [[96, 96], 10, 2, 128, 'the size of the pictures'],
  ] as const)('pictures of %s, boxes of %i pixels, %i cores: short side %i', (size, side, cores, shortSide, why) => {
    const { resize } = adviceFor(records(30, size, side), { cores });
    expect(resize.value.shortSide).toBe(shortSide);
    expect(resize.why).toContain(why);
  });

  it('a rare small class counts by itself', () => {
    const small = records(5, [640, 480], 46).map((record) => ({ ...record, labels: Int32Array.of(1) }));
    const { resize } = adviceFor([...records(95, [640, 480], 200), ...small], { classNames: ['large', 'small'] });
    expect(resize).toMatchObject({
      value: { shortSide: 256 },
      why: expect.stringContaining('half of small measure 25'),
    });
  });

  it('the long side holds the pictures: 341 of 256 x 341 are 352 padded', () => {
    expect(adviceFor(records(30, [640, 480], 46)).resize.value).toEqual({ shortSide: 256, longSide: 352 });
  });

  it('shapes: one for pictures of one size, two for two that lie across', () => {
    expect(adviceFor(records(30, [640, 480], 40)).maxShapes.value).toBe(1);
    const both = [...records(30, [640, 480], 40), ...records(30, [480, 640], 40)];
    expect(adviceFor(both).maxShapes.value).toBe(2);
  });

  it('time: 20 minutes for little data, twelve passes for more, what is asked for always', () => {
    expect(adviceFor(records(100, [640, 480], 46)).minutes.value).toBe(20);
    const many = adviceFor(records(4000, [640, 480], 46)); // 12 * 4000 pictures at 4 a second
    expect(many.minutes.value).toBe(200);
    expect(many.passes).toBeCloseTo(12, 6);
    expect(adviceFor(records(4000, [640, 480], 46), { minutes: 5 }).minutes.value).toBe(5);
  });

  it('augmentation by how often a picture is seen', () => {
    const probability = (count: number, minutes?: number) =>
      adviceFor(records(count, [640, 480], 46), minutes === undefined ? {} : { minutes }).augmentation.value;
    expect(probability(800, 20)).toEqual({ photometric: 0, randomCrop: 0, mosaic: 0 }); // 6 times
    expect(probability(400)).toEqual({ photometric: 0.5, randomCrop: 0.3, mosaic: 0 }); // 12 times
    expect(probability(100).photometric).toBe(0.5); // 48 times
    expect(probability(20).mosaic).toBe(0.3); // 240 times
  });

  it('no mirroring where classes have sides, or are letters and digits', () => {
    const flip = (...classNames: string[]) => adviceFor(records(9, [64, 64], 40), { classNames }).flip.value;
    expect(flip('cat', 'bright light')).toBe(0.5);
    expect(flip('cat', 'arrow_left')).toBe(0);
    expect(flip('7', '8')).toBe(0);
    expect(flip('cat', 'dog')).toBe(0.5);
  });

  it('a class name with a line break stays on the line of the reason', () => {
    const { flip, resize } = adviceFor(
      [
        ...records(95, [640, 480], 200),
        ...records(5, [640, 480], 46).map((one) => ({ ...one, labels: Int32Array.of(1) })),
      ],
      { classNames: ['large', 'left\nhand'] },
    );
    expect(flip.why).toBe('no mirroring: left\\nhand would be something else');
    expect(resize.why).toContain('half of left\\nhand measure 25');
  });
});
