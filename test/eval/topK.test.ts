import { describe, expect, it } from 'vitest';
import { countTop } from '../../src/eval/topK.js';

const count = (rows: number[][], labels: number[], distinct?: number) =>
  countTop(Float32Array.from(rows.flat()), Int32Array.from(labels), distinct);

describe('countTop', () => {
  const row = [6, 5, 4, 3, 2, 1, 0];

  it.each([
    ['the largest logit', [row], [0], { top1: 1, top5: 1 }],
    ['the fifth', [row], [4], { top1: 0, top5: 1 }],
    ['the sixth', [row], [5], { top1: 0, top5: 0 }],
    ['equal logits: the smaller label comes first', [[1, 1, 1, 1, 1, 1]], [0], { top1: 1, top5: 1 }],
    ['equal logits, label 1', [[1, 1, 1, 1, 1, 1]], [1], { top1: 0, top5: 1 }],
    ['equal logits, label 5', [[1, 1, 1, 1, 1, 1]], [5], { top1: 0, top5: 0 }],
    ['fewer than five classes', [[0, 1]], [0], { top1: 0, top5: 1 }],
    ['an output of NaN is never right', [new Array(7).fill(Number.NaN)], [0], { top1: 0, top5: 0 }],
    ['a NaN beside the largest logit', [[9, Number.NaN, 1]], [0], { top1: 0, top5: 1 }],
    ['two pictures', [row, row], [0, 3], { top1: 1, top5: 2 }],
  ])('%s', (_, rows, labels, expected) => {
    expect(count(rows, labels)).toEqual(expected);
  });

  it('pictures that fill a batch up do not count', () => {
    expect(count([row, row, row], [0, 0, 0], 2)).toEqual({ top1: 2, top5: 2 });
  });
});
