import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatConfig, loadConfig, parseConfig } from '../../src/config/load.js';
import type { DetectionConfig } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const detector = `task: detection
model: { backbone: { name: cmt, variant: cmt_ti } }
data:
  train: { annotations: train.json, images: pictures }
`;
const classifier =
  'task: classification\nmodel: { backbone: { name: cmt, variant: cmt_s } }\ndata: { train: pictures }\n';

/** The message of the ConfigError that a config gives. */
function complaint(text: string, overrides: string[] = []): string {
  try {
    parseConfig(text, 'a.yaml', overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('no complaint');
}

describe('parseConfig', () => {
  it('fills in the settings of the published detectors', () => {
    const config = parseConfig(detector, 'a.yaml');
    expect(config).toMatchObject({
      task: 'detection',
      model: {
        neck: { levels: ['P3', 'P4', 'P5', 'P6', 'P7'], channels: 256, extraFrom: 'c5' },
        head: { name: 'retinanet', convs: 4, priorProbability: 0.01, assigner: 'maxIou', loss: { box: 'l1' } },
      },
      inference: { scoreThreshold: 0.05, nmsIou: 0.5, preNmsTopK: 1000, maxDetections: 100 },
      data: { shortSide: 800, longSide: 1333, val: null },
      train: { epochs: 12, optimizer: { name: 'adamw', lr: 1e-4, baseBatch: 16 }, schedule: { milestones: [8, 11] } },
    });
  });

  it("fills in the authors' recipe of CMT-S", () => {
    const { data, train } = parseConfig(classifier, 'a.yaml');
    expect(data).toMatchObject({
      randAugment: { operations: 2, magnitude: 9, magnitudeDeviation: 0.5, increasing: true },
      mixup: 0.8,
      cutmix: 1,
      smoothing: 0.1,
      erasing: { probability: 0.25 },
    });
    expect(train.optimizer).toMatchObject({
      lr: 5e-4,
      baseBatch: 512,
      weightDecay: 0.05,
      betas: [0.9, 0.999],
      eps: 1e-8,
    });
    expect(train.schedule).toEqual({
      name: 'authorsCosine',
      warmupEpochs: 20,
      warmupLr: 1e-7,
      minLr: 1e-5,
      cooldownEpochs: 10,
    });
  });

  it('clips gradients and warms up unless told otherwise', () => {
    const { clipNorm, schedule } = parseConfig(`${detector}train: { schedule: { name: cosine } }`, 'a.yaml').train;
    expect(clipNorm).toBeGreaterThan(0);
    expect(schedule).toMatchObject({ warmupSteps: 500, warmupFactor: 0.001 });
  });

  it('lists all problems, in the order of the lines, with the names that may be meant', () => {
    const text = `task: detection
model:
  backbone: { name: cmt, variant: cmt_tii }
  neck: { channel: 128 }
data:
  train: { annotations: a.json, imgs: pictures }
  flip: 2
train:
  lr: 3
  epochs: ten
  optimizer: { name: adamw, momentum: 0.9 }
engine: { xla: yes }
`;
    expect(complaint(text, ['train.batchSize=1.5'])).toMatchInlineSnapshot(`
      "a.yaml: 10 problems
        model.backbone.variant (line 3): expected one of cmt_ti, cmt_xs, cmt_s, cmt_b, found "cmt_tii"; did you mean cmt_ti?
        model.neck.channel (line 4): unknown key; did you mean channels?
        data.train.images (line 6): missing: expected a text
        data.train.imgs (line 6): unknown key; did you mean images?
        data.flip (line 7): expected at most 1, found 2
        train.lr (line 9): unknown key here; there is train.optimizer.lr
        train.epochs (line 10): expected a number, found "ten"
        train.optimizer.momentum (line 11): unknown key; known here: name, lr, baseBatch, weightDecay, decayNormAndBias, decayPositionBias, betas, eps
        engine.xla (line 12): expected true or false, found "yes" (a text in YAML 1.2)
        train.batchSize (--set train.batchSize=1.5): expected a whole number, found 1.5"
    `);
  });

  it.each([
    [
      'a key of the wrong task',
      classifier.replace('train: pictures', 'train: pictures, shortSide: 800'),
      [/^data\.shortSide \(line 3\): unknown key; known here: train, val, valLabels, size, /],
    ],
    [
      'a task that is misspelt',
      'taks: detection',
      ['task: missing: expected one of detection, classification; is taks meant for it?'],
    ],
    [
      'a task that does not exist',
      'task: segmentation',
      ['task (line 1): expected one of detection, classification, found "segmentation"'],
    ],
    [
      'keys from before there was more than one backbone: where they are now',
      detector.replace('backbone: { name: cmt, variant: cmt_ti }', 'variant: cmt_ti'),
      [
        'model.backbone (line 2): missing: expected a section with keys',
        'model.variant (line 2): unknown key here; there is model.backbone.variant',
      ],
    ],
    [
      'a head that there is not, and a key of another one',
      detector.replace('cmt_ti }', 'cmt_ti }, head: { name: retinanett }'),
      ['model.head.name (line 2): expected one of retinanet, fcos, found "retinanett"; did you mean retinanet?'],
    ],
    [
      'a key of another head',
      detector.replace('cmt_ti }', 'cmt_ti }, head: { name: fcos, anchors: { baseScale: 2 } }'),
      [/^model\.head\.anchors \(line 2\): unknown key; known here: name, convs/],
    ],
    [
      'an optimizer without its name',
      `${detector}train: { optimizer: { lr: 0.1 } }`,
      ['train.optimizer.name (line 5): missing: expected one of adamw, sgd'],
    ],
    ['nothing', '', ['task: missing: expected one of detection, classification']],
    ['a list', '- task: detection', ['(root): expected sections: task, model, data, train']],
    [
      'own widths that do not fit',
      'task: detection\nmodel: { backbone: { name: cmt, variant: { dims: [16, 32, 64], stemChannels: 0 } } }',
      [
        'data: missing: expected a section with keys',
        'model.backbone.variant.dims (line 2): expected at least 4 values, found 3',
        'model.backbone.variant.stemChannels (line 2): expected more than 0, found 0',
        'model.backbone.variant.depths (line 2): missing: expected a list',
      ],
    ],
    [
      'own widths without the size of the bias',
      detector.replace('cmt_ti', '{ dims: [16, 32, 64, 129], stemChannels: 8, depths: [1, 1, 1, 1] }'),
      [
        'model.backbone.variant.heads.3 (line 2): 8 heads do not divide 129 channels',
        'model.backbone.biasSize (line 2): own widths have no nominal input: give its side in pixels',
      ],
    ],
    [
      'a table with a way to resample that only grids have',
      detector.replace('cmt_ti', 'cmt_ti, positionBias: table, biasResample: flattened'),
      [
        'model.backbone.biasResample (line 2): flattened is for positionBias: grid; a table is resampled by bilinear or bicubic',
      ],
    ],
    [
      'levels with a gap',
      detector.replace('cmt_ti }', 'cmt_ti }, neck: { levels: [P3, P5] }'),
      ['model.neck.levels (line 2): expected neighbours from fine to coarse, as P3, P4, P5; found P3, P5'],
    ],
    [
      'levels without P5',
      detector.replace('cmt_ti }', 'cmt_ti }, neck: { levels: [P3, P4] }'),
      ['model.neck.levels (line 2): P5 is needed: the other levels are made from it'],
    ],
    [
      'a bias size that is no multiple of 32',
      detector.replace('cmt_ti', 'cmt_ti, biasSize: 100'),
      ['model.backbone.biasSize (line 2): expected a multiple of 32, found 100'],
    ],
    [
      'a long side below the short one',
      `${detector}  shortSide: 600\n  longSide: 500`,
      ['data.longSide (line 6): 500 is less than a short side of 600'],
    ],
    [
      'milestones that fall',
      `${detector}train: { schedule: { name: step, milestones: [11, 8] } }`,
      ['train.schedule.milestones (line 5): expected rising epochs, found 11, 8'],
    ],
    [
      'more warm-up than training',
      `${detector}train: { epochs: 3, schedule: { name: cosine, warmupEpochs: 5 } }`,
      ['train.schedule.warmupEpochs (line 5): 5 epochs of warm-up are more than the 3 of training'],
    ],
    [
      'a key given twice, and a list left open',
      'task: detection\ntask: detection\nmodel: [\n',
      ['line 2: Map keys must be unique', /^line 4: Flow sequence .* must .*end with a \]/],
    ],
  ])('complains about %s', (_, text, expected) => {
    const problems = complaint(text)
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
    expect(problems).toEqual(expected.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
  });
});

describe('--set', () => {
  const set = (...overrides: string[]) => parseConfig(detector, 'a.yaml', overrides);

  it('reads values as YAML; the later of two wins', () => {
    const config = set(
      'train.epochs=3',
      'train.epochs=4',
      'data.multiScale=[640, 800]',
      'train.clipNorm=null',
      'train.ema=1e-3',
    );
    expect(config.train).toMatchObject({ epochs: 4, clipNorm: null, ema: 0.001 });
    expect(config.data).toMatchObject({ multiScale: [640, 800] });
  });

  it('makes sections that the file does not have, and replaces whole ones', () => {
    expect(set('engine.threads=2').engine.threads).toBe(2);
    expect(set('train.optimizer={name: sgd, lr: 0.02}').train.optimizer).toMatchObject({ name: 'sgd', momentum: 0.9 });
  });

  it('reaches into lists', () => {
    const text = detector.replace(
      'cmt_ti }',
      'cmt_ti }, head: { name: retinanet, anchors: { aspectRatios: [0.5, 1, 2] } }',
    );
    const config = parseConfig(text, 'a.yaml', ['model.head.anchors.aspectRatios.0=0.25']);
    expect(config.model).toMatchObject({ head: { anchors: { aspectRatios: [0.25, 1, 2] } } });
  });

  it('changes one of two sections that an alias makes the same', () => {
    const text = detector.replace('  train: {', '  train: &two {').concat('  val: *two\n');
    const { data } = parseConfig(text, 'a.yaml', ['data.val.annotations=val.json']) as DetectionConfig;
    expect([data.train.annotations, data.val?.annotations]).toEqual(['train.json', 'val.json']);
  });

  it('keeps an "=" in the value', () => {
    expect(set('data.train.images=a=b').data.train).toMatchObject({ images: 'a=b' });
  });

  it('complains about what it cannot read, all at once', () => {
    const overrides = ['train.epochs', '=3', 'train..lr=3', 'data.flip=[', 'task.x=1', '__proto__.polluted=1'];
    expect(complaint(detector, overrides)).toMatchInlineSnapshot(`
      "a.yaml: 6 problems
        --set train.epochs: expected KEY=VALUE, for instance train.epochs=3
        --set =3: expected KEY=VALUE, for instance train.epochs=3
        --set train..lr=3: expected KEY=VALUE, for instance train.epochs=3
        --set data.flip=[: not YAML after "=": Flow sequence must end with a ]
        --set __proto__.polluted=1: expected KEY=VALUE, for instance train.epochs=3
        --set task.x=1: task is "detection", which has no keys"
    `);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('an item of a list: one that is there, or the next one', () => {
    const text = `${detector}  multiScale: [640, 672]\n`;
    expect(parseConfig(text, 'a.yaml', ['data.multiScale.2=704']).data).toMatchObject({ multiScale: [640, 672, 704] });
    const wrong = ['P2', 'length', '1000000000', '3'].map((key) => `data.multiScale.${key}=0`);
    expect(complaint(text, [...wrong, 'data.multiScale.P2.x=0'])).toMatchInlineSnapshot(`
      "a.yaml: 5 problems
        --set data.multiScale.P2=0: data.multiScale is a list of 2: expected a number from 0 to 2
        --set data.multiScale.length=0: data.multiScale is a list of 2: expected a number from 0 to 2
        --set data.multiScale.1000000000=0: data.multiScale is a list of 2: expected a number from 0 to 2
        --set data.multiScale.3=0: data.multiScale is a list of 2: expected a number from 0 to 2
        --set data.multiScale.P2.x=0: data.multiScale is a list of 2: expected a number from 0 to 2"
    `);
  });

  it('is named where its value is wrong', () => {
    expect(complaint(detector, ['train.optimizer={name: adam}', 'train.epoch=3'])).toMatchInlineSnapshot(`
      "a.yaml: 2 problems
        train.optimizer.name (--set train.optimizer={name: adam}): expected one of adamw, sgd, found "adam"; did you mean adamw?
        train.epoch (--set train.epoch=3): unknown key; did you mean epochs?"
    `);
  });
});

describe('nesting without end', () => {
  it.each([
    ['of brackets', `a: ${'['.repeat(100_000)}`],
    ['of brackets that are closed', `a: ${'['.repeat(65)}${']'.repeat(65)}`],
    ['of dashes', '- '.repeat(100_000)],
    ['of keys', '? '.repeat(100_000)],
    ['of indentation', Array.from({ length: 66 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('%s is a problem of the file', (_, text) => {
    expect(complaint(text)).toContain('nesting: more than 64 levels');
  });
});

describe('aliases', () => {
  it.each([
    [
      'that unfold to more than memory holds',
      `a: &a [x]\n${[...'bcdefgh'].map((k, i) => `${k}: &${k} [${Array(20).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}`,
      'Excessive alias count',
    ],
    ['that contain themselves', 'a: &a [*a]', 'an alias stands inside of what it repeats'],
    ['of nothing', 'a: *b', 'Unresolved alias'],
  ])('%s are problems of the file', (_, text, message) => {
    expect(complaint(text)).toContain(message);
  });
});

describe('formatConfig', () => {
  it('writes numbers so that readers of YAML 1.1 read numbers', () => {
    const config = parseConfig(detector, 'a.yaml', [
      'train.schedule={ name: cosine, warmupSteps: 1, minLr: 1e-7 }',
      'train.optimizer={ name: adamw, lr: 1e-3 }',
    ]);
    const text = formatConfig(config);
    expect(text).toContain('lr: 0.001');
    expect(text).toContain('minLr: 1.0e-7');
    expect(text).not.toMatch(/: -?\d+e/);
    expect(parseConfig(text, 'again.yaml')).toEqual(config);
  });

  it.each([
    ['detection', detector],
    ['classification', classifier],
  ])('%s: written and read, it is the same', (_, text) => {
    const config = parseConfig(text, 'a.yaml');
    expect(parseConfig(formatConfig(config), 'b.yaml')).toEqual(config);
  });
});

describe('loadConfig', () => {
  const folder = temporaryFolder();

  it('reads a file', async () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, detector);
    expect(await loadConfig(file, ['train.epochs=2'])).toEqual(parseConfig(detector, file, ['train.epochs=2']));
  });

  it('says so where there is no file, or a folder', async () => {
    await expect(loadConfig(join(folder, 'none.yaml'))).rejects.toThrow(
      /none\.yaml: 1 problem\n {2}\(file\): no such file/,
    );
    await expect(loadConfig(folder)).rejects.toThrow(/a folder; expected a YAML file/);
  });
});
