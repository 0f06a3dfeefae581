import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { placement, summarisePlacement } from '../../src/run/placement.js';
import type { PlacedOperation } from '../../src/tensorflow/placement.js';

const placed = (type: string, rest: Partial<PlacedOperation>): PlacedOperation => ({
  operation: { name: type, type, inputs: [], after: [], outputs: [{ dtype: 1, shape: [2] }], types: {}, counts: {} },
  place: 'GPU',
  waits: false,
  xla: true,
  ...rest,
});
const copy = { producer: 'Less', dtype: 10, bytes: 1 } as const;

describe('what is said of a placement', () => {
  test('kinds are counted, the most frequent first; what has no kernel, and what waits for the card, has no reason', () => {
    const operations = [
      placed('Odd', { place: 'CPU' }),
      placed('Mul', {}),
      placed('Mul', {}),
      placed('Add', { place: 'host' }),
      placed('Add', { place: 'host', waits: true }),
      placed('Grad', { xla: false }),
      placed('Switch', { xla: false }),
    ];
    const { operations: kinds, unexplained } = summarisePlacement({ operations, copies: [] });
    expect(kinds.map(({ type, count, reasons }) => [type, count, reasons.length])).toEqual([
      ['Mul', 2, 0],
      ['Odd', 1, 0],
      ['Add', 1, 1],
      ['Add', 1, 0],
      ['Grad', 1, 0],
      ['Switch', 1, 1],
    ]);
    expect(unexplained).toBe(3);
  });

  test('a copy to the host that the step goes on with needs a reason; inputs and results do not', () => {
    const { copies, unexplained } = summarisePlacement({
      operations: [],
      copies: [
        { ...copy, to: 'host', consumers: ['Switch'] },
        { ...copy, to: 'host', consumers: ['Gather', 'result'] },
        { ...copy, to: 'host', consumers: ['result'] },
        { ...copy, to: 'card', consumers: ['Cast'] },
      ],
    });
    expect(copies.map(({ midway, reason }) => [midway, reason !== ''])).toEqual([
      [true, true],
      [true, false],
      [false, false],
      [false, false],
    ]);
    expect(unexplained).toBe(1);
  });

  test('a shape that is not known beforehand is counted, a workspace of batch normalisation is not', () => {
    const outputs = [{ dtype: 1, shape: undefined }];
    const operations = ['Where', 'FusedBatchNormV3'].map((type) => {
      const { operation, ...rest } = placed(type, {});
      return { ...rest, operation: { ...operation, outputs } };
    });
    expect(summarisePlacement({ operations, copies: [] }).unknownShapes).toBe(1);
  });
});

describe('all that a config asks of a GPU has a kernel there and for XLA; the host waits once in a step, and never in inference', () => {
  test.each<[string, string[]]>([
    ['smoke', []],
    ['smoke', ['engine.mixedPrecision=float16', 'train.accumulate=2', 'train.recomputeStages=[1,2]']],
    ['smoke', ['train.optimizer={name: sgd}', 'train.ema=0.99', 'train.clipNorm=null']],
    ['demo_pretrain', []],
  ])('%s with %j', async (name, set) => {
    const { works } = await placement(await loadConfig(`configs/${name}.yaml`, set));
    expect(works.map(({ work }) => work)).toEqual(['train', 'inference']);
    for (const { work, operations, copies, unexplained, unknownShapes } of works) {
      expect(operations.filter(({ place, waits }) => place === 'CPU' || waits)).toEqual([]);
      expect({ unexplained, unknownShapes }).toEqual({ unexplained: 0, unknownShapes: 0 });
      const midway = copies.filter((entry) => entry.midway);
      expect(midway.map(({ producer, count, bytes }) => [producer, count, bytes])).toEqual(
        work === 'train' ? [['LogicalAnd', 1, 1]] : [],
      );
      expect(operations.some(({ type, place }) => type === 'Conv2D' && place === 'GPU')).toBe(true);
    }
  });
});
