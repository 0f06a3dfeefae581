import { expect, it } from 'vitest';
import { dataStats, histogram } from '../../../src/data/coco/stats.js';
import { drawDataStats } from '../../../src/draw/dataCharts.js';

const box = (id: number, image_id: number, category_id: number, bbox: [number, number, number, number]) => ({
  ...{ id, image_id, category_id, bbox },
  area: bbox[2] * bbox[3],
  iscrowd: 0 as const,
});
const file = {
  images: [
    { id: 1, file_name: 'a.jpg', width: 160, height: 160 },
    { id: 2, file_name: 'b.jpg', width: 160, height: 160 },
    { id: 3, file_name: 'c.jpg', width: 160, height: 160 },
  ],
  annotations: [
    box(1, 1, 7, [0, 0, 10, 10]), // middle in the first cell
    box(2, 1, 7, [150, 150, 10, 10]), // in the last
    box(3, 2, 9, [0, 0, 20, 80]), // 40 pixels, four times as high as wide
    box(4, 2, 9, [0, 0, 0, 80]), // of no use
  ],
  categories: [
    { id: 9, name: 'pole' },
    { id: 7, name: 'dot' },
  ],
  repairs: [],
};

it('counts of classes, sides, ratios, pictures and places', () => {
  const { pictures, boxes, classes, sides, ratios, perPicture, places } = dataStats(file);
  expect([pictures, boxes]).toEqual([3, 3]);
  expect(classes).toEqual([
    { name: 'dot', boxes: 2, pictures: 1 },
    { name: 'pole', boxes: 1, pictures: 1 },
  ]);
  expect(sides.counts).toEqual([0, 0, 2, 0, 1, 0, 0, 0, 0, 0]); // 10, 10 and sqrt(20 * 80) = 40
  expect(ratios.counts[ratios.labels.indexOf('3')]).toBe(1);
  expect(perPicture.counts.slice(0, 3)).toEqual([1, 1, 1]);
  expect([places[0]![0], places[15]![15], places[4]![1]]).toEqual([1, 1, 1]);
});

it('a histogram counts from each edge up to the next', () => {
  expect(histogram([0, 1, 1.9, 2, 100], [0, 1, 2])).toEqual({ labels: ['0', '1', '2 +'], counts: [1, 2, 2] });
});

it('the picture is a PNG', async () => {
  expect((await drawDataStats(dataStats(file))).subarray(1, 4).toString()).toBe('PNG');
});
