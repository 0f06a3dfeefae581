import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { FcosHead } from '../../src/models/heads/fcos.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';

beforeAll(() => useEagerBackend());

const options = {
  channels: 4,
  convs: 0,
  norm: 'none',
  classes: 2,
  strides: [8, 16, 32],
  rangeScale: 8,
  priorProbability: 0.01,
  loss: { alpha: 0.25, gamma: 2, box: 'giou', boxWeight: 1 },
} as const;

const levels = () => [12, 6, 3].map((side) => tf.zeros([1, side, side, 4]) as tf.Tensor4D);

test('outputs of a level: logits, distances in pixels, centerness; distances begin at half the reach of their level', () => {
  const head = new FcosHead(options);
  for (const [l, { logits, distances, centerness }] of head.forward(levels()).entries()) {
    const places = [144, 36, 9][l]!;
    expect([logits.shape, distances.shape, centerness.shape]).toEqual([
      [1, places, 2],
      [1, places, 4],
      [1, places, 1],
    ]);
    for (const distance of distances.dataSync()) expect(distance).toBeCloseTo([32, 64, 128][l]!, 3);
    for (const logit of logits.dataSync()) expect(1 / (1 + Math.exp(-logit))).toBeCloseTo(0.01, 6);
  }
});

test('feed: the normaliser counts places, the one of boxes adds up their centerness; both are 0 without boxes', () => {
  const head = new FcosHead(options);
  const size = { height: 96, width: 96 };
  const one = { boxes: Float32Array.of(0, 0, 32, 32), labels: Int32Array.of(1), size };
  const none = { boxes: new Float32Array(), labels: new Int32Array(), size };
  const { labels, centerness, normaliser, boxNormaliser } = head.feed([one, none], size);
  expect([...labels!.data].filter((label) => label === 1)).toHaveLength(16); // 4 x 4 cells of 8 px; the box is in reach of P3 alone
  expect(normaliser!.data[0]).toBe(16);
  const sum = [...(centerness!.data as Float32Array)].reduce((total, value) => total + value, 0);
  expect(boxNormaliser!.data[0]).toBeCloseTo(sum, 4);
  const empty = head.feed([none], size);
  expect([empty.normaliser!.data[0], empty.boxNormaliser!.data[0]]).toEqual([0, 0]); // the loss holds them off zero
});
