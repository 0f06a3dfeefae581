import { describe, expect, it } from 'vitest';
import { deal, dealtLength, globalBatchSize, partsOf } from '../../../src/data/loading/shard.js';

const entries = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

describe('parts of a global batch of 12', () => {
  it('three processes with 4 each: dealt like cards', () => {
    const parts = [0, 1, 2].map((index) => partsOf({ batchSize: 4, shard: { index, count: 3 } }));
    expect(parts.map(([part]) => deal(entries, part!))).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 10],
      [2, 5, 8, 11],
    ]);
  });

  it('one process that accumulates three: the same parts, in turns', () => {
    expect(partsOf({ batchSize: 4, accumulate: 3 })).toEqual([
      { index: 0, count: 3 },
      { index: 1, count: 3 },
      { index: 2, count: 3 },
    ]);
  });

  it('two processes that accumulate two of 3: the first makes parts 0 and 1, the second 2 and 3', () => {
    const sharing = (index: number) => ({ batchSize: 3, accumulate: 2, shard: { index, count: 2 } });
    const parts = [0, 1].map((index) => partsOf(sharing(index)).map((part) => deal(entries, part)));
    expect(parts).toEqual([
      [
        [0, 4, 8],
        [1, 5, 9],
      ],
      [
        [2, 6, 10],
        [3, 7, 11],
      ],
    ]);
    expect(globalBatchSize(sharing(0))).toBe(12);
  });

  it('at each turn, two processes together have what one with twice the batch has', () => {
    const alone = partsOf({ batchSize: 6, accumulate: 2 }).map((part) => deal(entries, part));
    const two = [0, 1].map((index) => partsOf({ batchSize: 3, accumulate: 2, shard: { index, count: 2 } }));
    for (const [turn, batch] of alone.entries()) {
      for (const [index, parts] of two.entries())
        expect(deal(entries, parts[turn]!)).toEqual(deal(batch, { index, count: 2 }));
    }
  });

  it('alone', () => {
    expect(partsOf({ batchSize: 12 })).toEqual([{ index: 0, count: 1 }]);
    expect(globalBatchSize({ batchSize: 12 })).toBe(12);
  });
});

it.each([
  ['5 of 12 that count, dealt to three: 2, 2, 1', 5, 3, [2, 2, 1]],
  ['1 to three: the others have none', 1, 3, [1, 0, 0]],
  ['12 to three', 12, 3, [4, 4, 4]],
])('%s', (_, length, count, expected) => {
  const lengths = Array.from({ length: count }, (_, index) => dealtLength(length, { index, count }));
  expect(lengths).toEqual(expected);
  expect(lengths).toEqual(lengths.map((_, index) => deal(entries.slice(0, length), { index, count }).length));
});
