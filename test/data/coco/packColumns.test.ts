import { expect, test } from 'vitest';
import { DetectionColumnsBuilder } from '../../../src/data/coco/detectionColumns.js';
import { packColumns, unpackColumns } from '../../../src/data/coco/packColumns.js';

function columns(...imageIds: (number | string)[]) {
  const builder = new DetectionColumnsBuilder();
  for (const [i, id] of imageIds.entries()) builder.addXywh(id, i, 0.1 + i, -0, 1 / 3, 1e-300, 0.7);
  return builder.columns();
}

test('one after the other, every number to the last bit', () => {
  const parts = [columns(7, 2 ** 53 - 1), columns(), columns(9)].map(packColumns);
  const { length, imageIds, categoryIds, boxesXywh, scores } = unpackColumns(parts);
  expect(length).toBe(3);
  expect([...imageIds]).toEqual([7, 2 ** 53 - 1, 9]);
  expect([...categoryIds]).toEqual([0, 1, 0]);
  expect([...boxesXywh]).toEqual([0.1, -0, 1 / 3, 1e-300, 1.1, -0, 1 / 3, 1e-300, 0.1, -0, 1 / 3, 1e-300]);
  expect([...scores]).toEqual([0.7, 0.7, 0.7]);
});

test('ids that are strings', () => {
  expect(unpackColumns([columns('ä', 'b'), columns(3)].map(packColumns)).imageIds).toEqual(['ä', 'b', 3]);
});
