import { expect, it } from 'vitest';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { splitCoco } from '../../../src/data/coco/split.js';

/** Images 1.. with a box of each class that is listed. */
function fileOf(classes: readonly (readonly number[])[]) {
  const images = classes.map((_, i) => ({ id: i + 1, file_name: `${i}.jpg`, width: 9, height: 9 }));
  const annotations = classes
    .flatMap((ids, i) => ids.map((category_id) => ({ image_id: i + 1, category_id, bbox: [0, 0, 4, 4], area: 16 })))
    .map((annotation, i) => ({ id: i + 1, iscrowd: 0, ...annotation }));
  return parseCoco({ images, annotations, categories: [1, 2].map((id) => ({ id, name: `class ${id}` })) });
}
const ids = (file: { images: readonly { id: number | string }[] }) => file.images.map(({ id }) => id);

it('10 pictures of a rare class among 100: 2 of them, and 20 in all, are measured on', () => {
  const file = fileOf(Array.from({ length: 100 }, (_, i) => (i < 10 ? [1, 2] : [1])));
  const { train, val } = splitCoco(file);
  expect([train.images.length, val.images.length]).toEqual([80, 20]);
  expect(val.annotations.filter(({ category_id }) => category_id === 2)).toHaveLength(2);
  expect(new Set([...ids(train), ...ids(val)]).size).toBe(100);
  expect(train.annotations.length + val.annotations.length).toBe(110);
});

it('pictures without a box are divided too, and a class of one picture is learnt', () => {
  const { train, val } = splitCoco(fileOf([[2], ...Array.from({ length: 20 }, () => [])]));
  expect(ids(train)).toContain(1);
  expect(val.images).toHaveLength(4);
});

it('images of one group are on one side, and the share is still met', () => {
  const groups = Array.from({ length: 60 }, (_, i) => Math.floor(i / 3));
  const { val } = splitCoco(fileOf(groups.map(() => [1])), { groups });
  const measured = new Set(ids(val).map((id) => groups[Number(id) - 1]));
  expect(val.images).toHaveLength(12);
  expect(measured.size).toBe(4);
});

it('the same seed gives the same split, another one another', () => {
  const file = fileOf(Array.from({ length: 50 }, () => [1]));
  const valOf = (seed: number) => ids(splitCoco(file, { seed }).val);
  expect(valOf(3)).toEqual(valOf(3));
  expect(valOf(4)).not.toEqual(valOf(3));
});
