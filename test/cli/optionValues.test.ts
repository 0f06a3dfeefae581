import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { collect, count, countList, inputSize, scales, score } from '../../src/cli/optionValues.js';

describe('values of options', () => {
  it.each([
    [inputSize, '500', [500, 500]],
    [inputSize, '800x1333', [800, 1333]],
    [count, '3', 3],
    [countList, '1,10,100', [1, 10, 100]],
    [scales, '0.8,1,1.25', [0.8, 1, 1.25]],
    [score, '0', 0],
    [score, '0.3', 0.3],
  ])('%o takes %s', (parse, text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each([
    [inputSize, ['', 'x', '0', '1x2x3', '-4', '2.5']],
    [count, ['', '0', '-1', '1.5', 'three']],
    [countList, ['', '1,,2', '1,0']],
    [scales, ['', '0', '1,', '80,100', 'large']],
    [score, ['', '-0.1', '1.1', 'high']],
  ])('%o refuses %j', (parse, texts) => {
    for (const text of texts) expect(() => parse(text)).toThrow(InvalidArgumentError);
  });

  it('options that are given several times', () => {
    expect(collect('b', collect('a'))).toEqual(['a', 'b']);
  });
});
