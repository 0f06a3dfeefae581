import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { changesOf, flatten } from '../../src/train/changes.js';

/** What becomes of a change of each key of a config, and of nothing else. */
function allowedIn(config: Config): Map<string, string> {
  const keys = Object.keys(flatten(config));
  const now = Object.fromEntries(keys.map((key) => [key, 'changed'])) as unknown as Config;
  const changes = changesOf({ config, identity: {} }, { config: now, identity: {} });
  expect(changes.map(({ at }) => at).sort()).toEqual(keys.toSorted());
  return new Map(changes.map(({ at, allowed }) => [at, allowed]));
}

/** Keys of the model, and those within one of `data`, count as one. */
const inShort = (key: string) => key.replace(/^(model|data\.\w+)\..*/, '$1');

describe('keys that a run keeps to its end', () => {
  const common = ['data.colourProfiles', 'data.flip', 'model', 'task'];
  const train = ['train.accumulate', 'train.batchStatistics', 'train.ema', 'train.optimizer.name', 'train.seed'];

  // A new key of the schema is refused until changes.ts says that it may change; then it stands there, or here.
  test.each([
    [
      'configs/smoke.yaml',
      [
        'data.keepEmpty',
        'data.longSide',
        'data.maxShapes',
        'data.mosaic',
        'data.multiScale',
        'data.photometric',
        'data.randomCrop',
        'data.repeatThreshold',
        'data.sampler',
        'data.shortSide',
      ],
    ],
    [
      'configs/demo_pretrain.yaml',
      [
        'data.colorJitter',
        'data.crop',
        'data.cropFraction',
        'data.cutmix',
        'data.erasing',
        'data.interpolation',
        'data.mixGroups',
        'data.mixProbability',
        'data.mixup',
        'data.randAugment',
        'data.repeatedAugmentation',
        'data.size',
        'data.smoothing',
        'data.switchProbability',
        'data.trainFraction',
      ],
    ],
  ])('%s: these, and no others', async (file, data) => {
    const allowed = allowedIn(await loadConfig(file));
    const kept = [...allowed].filter(([, how]) => how === 'never').map(([key]) => inShort(key));
    expect([...new Set(kept)].sort()).toEqual([...common, ...train, ...data].sort());
  });
});

test.each(['data.cacheGiB', 'data.valLabels', 'data.workers'])('%s changes no step: always allowed', async (key) => {
  expect(allowedIn(await loadConfig('configs/demo_pretrain.yaml')).get(key)).toBe('always');
});
