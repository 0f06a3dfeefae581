import { describe, expect, test } from 'vitest';
import { cases, perPicture } from '../../../tools/bench/cases.js';
import { contendersOf } from '../../../tools/bench/contenders.js';
import { compareWithReference, type Entry, resultOf } from '../../../tools/bench/results.js';

const forward = cases.find(({ name }) => name === 'cmt_s/forward')!; // 8 pictures
const entry = (name: string, family: Entry['family'], seconds: number[], macs?: number): Entry => ({
  name,
  family,
  runs: seconds.map((second) => ({
    seconds: [second],
    peakMb: 100 * second,
    threads: 2,
    ...(macs === undefined ? {} : { macs }),
  })),
  failure: null,
});

describe('the ratio', () => {
  test('is to the fastest PyTorch mode, from medians; others have no part in it', async () => {
    const result = await resultOf(forward, [
      entry('cmtdet', 'cmtdet', [1, 2, 9]),
      entry('PyTorch', 'pytorch', [8]),
      entry('PyTorch, channels last', 'pytorch', [4, 3, 4]),
      entry('onnxruntime', 'onnxruntime', [0.1]),
      entry('resnet50', 'reference', [0.2]),
    ]);
    expect(result.ratio).toBe(2);
    expect(result.lines[0]).toMatchObject({ name: 'cmtdet', picturesPerSecond: 4, peakMb: 900 });
  });

  test('a peer without a figure is left out, and told of', async () => {
    const failed: Entry = { name: 'torch.compile', family: 'pytorch', runs: [], failure: 'not done after 5 s' };
    const result = await resultOf(forward, [entry('cmtdet', 'cmtdet', [2]), entry('PyTorch', 'pytorch', [1]), failed]);
    expect(result.ratio).toBe(0.5);
    expect(result.lines.map(({ name }) => name)).toEqual(['cmtdet', 'PyTorch']);
    expect(result.failures).toEqual({ 'torch.compile': 'not done after 5 s' });
  });
});

describe('beside another network', () => {
  test('its fastest mode counts; work as counted', async () => {
    const result = await resultOf(forward, [
      entry('cmtdet', 'cmtdet', [3]),
      entry('PyTorch', 'pytorch', [1]),
      entry('resnet50', 'reference', [4], 4e9),
      entry('resnet50, channels last', 'reference', [2]),
    ]);
    const compared = compareWithReference(result)!;
    expect(compared).toMatchObject({ reference: 'resnet50', time: 1.5 });
    expect(compared.macs).toBeCloseTo(1.02, 1); // CMT-S: 4.1 GMACs
  });

  test('nothing to compare with', async () => {
    const result = await resultOf(forward, [entry('cmtdet', 'cmtdet', [3]), entry('PyTorch', 'pytorch', [1])]);
    expect(compareWithReference(result)).toBeNull();
  });
});

describe('cases', () => {
  const options = { python: 'python3', compile: true, compileSeconds: 5 };
  const names = (name: string, compile = true) =>
    contendersOf(cases.find((one) => one.name === name)!, { ...options, compile }).map((one) => one.name);

  test('names are those that results are read by', () => {
    expect(cases.map(({ name }) => name)).toEqual([
      'cmt_s/train',
      'cmt_s/forward',
      'cmt_ti/train',
      'cmt_ti/forward',
      'cmt_s/forward_128',
      'retinanet_cmt_s/train',
      'retinanet_cmt_s/forward',
    ]);
    for (const name of perPicture.flat()) expect(cases.some((one) => one.name === name)).toBe(true);
  });

  test('who takes part', () => {
    expect(names('cmt_ti/train')).toEqual(['cmtdet', 'PyTorch', 'PyTorch, channels last', 'torch.compile']);
    expect(names('cmt_ti/forward', false)).toEqual(['cmtdet', 'PyTorch', 'PyTorch, channels last', 'onnxruntime']);
    expect(names('cmt_s/forward')).toContain('resnet50, channels last');
  });
});
