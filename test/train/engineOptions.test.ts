import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { Engine } from '../../src/config/schema.js';
import { parseCapability } from '../../src/run/card.js';
import { chosenForTraining, engineOptions } from '../../src/train/engineOptions.js';

const model = 'model: { backbone: { name: cmt, variant: cmt_ti } }';
const detection = (set: string[] = []) =>
  parseConfig(`{ task: detection, ${model}, data: { train: { annotations: a, images: b } } }`, 'test', set);
const classification = (set: string[] = []) =>
  parseConfig(`{ task: classification, ${model}, data: { train: a } }`, 'test', set);
const chosen = (...[config, card]: Parameters<typeof chosenForTraining>) => {
  const { mixedPrecision, xla } = chosenForTraining(config, card).engine;
  return [mixedPrecision, xla];
};

describe('what a training run takes where the config leaves it open', () => {
  test('no card: nothing of it', () => {
    expect(chosen(detection(), null)).toEqual(['none', false]);
    expect(chosen(classification(), null)).toEqual(['none', false]);
  });

  test('a card: float16 from compute capability 7.0 on, and where it is not known', () => {
    expect([6.1, 7, 9, null].map((capability) => chosen(detection(), { capability })[0])).toEqual([
      'none',
      'float16',
      'float16',
      'float16',
    ]);
  });

  test('XLA for at most four shapes: one in classification, four in detection by default', () => {
    const card = { capability: 9 };
    expect(chosen(classification(), card)[1]).toBe(true);
    expect([[], ['data.maxShapes=4'], ['data.maxShapes=5']].map((set) => chosen(detection(set), card)[1])).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('what the config says stays', () => {
    const set = ['engine.mixedPrecision=none', 'engine.xla=false'];
    expect(chosen(classification(set), { capability: 9 })).toEqual(['none', false]);
    const other = ['engine.mixedPrecision=bfloat16', 'engine.xla=true'];
    expect(chosen(detection(other), null)).toEqual(['bfloat16', true]);
  });
});

test('outside of training, what is open is off', () => {
  expect(engineOptions(Engine.parse({}))).toEqual({ xla: false, mixedPrecision: 'none', memoryGrowth: true });
  expect(engineOptions(Engine.parse({ xla: true, mixedPrecision: 'float16', threads: 3, fuse: 'all' }))).toEqual({
    ...{ xla: true, mixedPrecision: 'float16', threads: 3, fuse: true },
    memoryGrowth: true,
  });
});

test('the capability as nvidia-smi tells it', () => {
  expect(['9.0\n', '7.5\n8.0\n', '', 'N/A'].map(parseCapability)).toEqual([9, 7.5, null, null]);
});
