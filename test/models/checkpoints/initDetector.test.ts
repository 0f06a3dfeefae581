import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import type { DetectionConfig } from '../../../src/config/schema.js';
import { buildDetector } from '../../../src/models/build.js';
import { initialise, withRows } from '../../../src/models/checkpoints/initDetector.js';
import { saveModel } from '../../../src/models/checkpoints/modelFile.js';
import type { DetectorNetwork } from '../../../src/models/detectorNetwork.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { tinyCmt, tinyDetector } from '../../support/tinyModels.js';

const folder = temporaryFolder();

const network = (classes: number, head = '{ name: retinanet, convs: 1, norm: group }', channels = 32) =>
  buildDetector(
    (
      parseConfig(
        `{ task: detection, model: { backbone: ${tinyCmt}, neck: { channels: ${channels} }, head: ${head} },
           data: { train: { annotations: none, images: none } } }`,
        'tiny',
      ) as DetectionConfig
    ).model,
    classes,
    { seed: 5 },
  );

/** A checkpoint of a detector of `class 0`, `class 1`, `class 2`. */
async function saved(name: string): Promise<{ path: string; model: DetectorNetwork }> {
  const detector = tinyDetector();
  const { model, description } = detector;
  const path = join(folder, name);
  await saveModel(path, model, description);
  await detector.dispose();
  return { path, model };
}

const weightOf = (model: DetectorNetwork, name: string) => new Map(model.parameters()).get(name)!.value;

describe('withRows', () => {
  it('two places, classes a b c from one of c x: only c changes, at both places', () => {
    const own = Float32Array.of(1, 2, 3, 4, 5, 6); // a b c, a b c
    const other = Float32Array.of(30, 40, 60, 70); // c x, c x
    expect([...withRows(own, other, [-1, -1, 0], 2)]).toEqual([1, 2, 30, 4, 5, 60]);
  });
});

describe('initialise', () => {
  it('the same classes in another order: everything is loaded, each class where it is called so', async () => {
    const { path, model } = await saved('same.safetensors');
    const mine = network(3);
    const lines = initialise(mine, ['class 2', 'class 0', 'class 1'], path);
    expect(lines[1]).toMatch(/^neck and head from it: (\d+) of \1 parameters$/);
    expect(lines[2]).toBe('classes kept by name: 3 of 3');
    const [own, other] = [mine, model].map((one) => weightOf(one, 'head.classify.weight'));
    expect([own![0], own![1], own![2]]).toEqual([other![2], other![0], other![1]]);
    for (const [name] of mine.parameters())
      if (!name.startsWith('head.classify')) expect(weightOf(mine, name)).toEqual(weightOf(model, name));
  });

  it('one class of the same name among four: its rows are kept, the others are new and as they were drawn', async () => {
    const { path, model } = await saved('some.safetensors');
    const mine = network(4);
    const before = weightOf(network(4), 'head.classify.weight');
    const lines = initialise(mine, ['dog', 'class 1', 'cat', 'cow'], path);
    expect(lines[2]).toBe('classes kept by name: 1 of 4; made anew: dog, cat, cow');
    const [own, other] = [weightOf(mine, 'head.classify.weight'), weightOf(model, 'head.classify.weight')];
    expect([own[0], own[1], own[2], own[3]]).toEqual([before[0], other[1], before[2], before[3]]);
  });

  it('other anchors in a cell, or another width: what does not fit is named and new', async () => {
    const { path } = await saved('other.safetensors');
    const anchors = network(3, '{ name: retinanet, convs: 1, norm: group, anchors: { scalesPerOctave: 1 } }');
    const lines = initialise(anchors, ['class 0', 'class 1', 'class 2'], path);
    expect(lines[1]).toContain('made anew: head.regress.weight, head.regress.bias');
    expect(lines[2]).toBe('class layer made anew: the heads differ in channels or anchors of a cell');
    const wide = initialise(network(3, undefined, 64), ['class 0', 'class 1', 'class 2'], path);
    expect(wide[1]).toMatch(/^neck and head from it: \d+ of \d+ parameters; made anew: neck\./);
  });

  it('no class of the same name: the class layer is new', async () => {
    const { path } = await saved('none.safetensors');
    expect(initialise(network(1), ['dog'], path)[2]).toBe(
      'class layer made anew: none of 3 classes there is called as one here',
    );
  });
});
