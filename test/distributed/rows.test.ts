import { expect, test } from 'vitest';
import { rowsOf } from '../../src/distributed/rows.js';

test('one worker has all rows in their order', () => {
  expect(rowsOf({ index: 0, count: 1 }, 5)).toEqual([0, 1, 2, 3, 4]);
});

test('2 workers with 4 rows each: pairs go round', () => {
  expect(rowsOf({ index: 0, count: 2 }, 4)).toEqual([0, 2, 5, 7]);
  expect(rowsOf({ index: 1, count: 2 }, 4)).toEqual([1, 3, 4, 6]);
});

test.each([
  [1, 7],
  [2, 3],
  [3, 4],
  [8, 5],
])('%d workers with %d rows each: every row once, and partners in the places of partners', (count, batch) => {
  const all = Array.from({ length: count }, (_, index) => rowsOf({ index, count }, batch));
  expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count * batch }, (_, row) => row));
  for (const rows of all) {
    for (let i = 0; i < Math.floor(batch / 2); i++) expect(rows[i]! + rows[batch - 1 - i]!).toBe(count * batch - 1);
  }
});
