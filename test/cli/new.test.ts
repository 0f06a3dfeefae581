import { join } from 'node:path';
import { expect, it } from 'vitest';
import { factsOf } from '../../src/cli/new.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { writeCoco } from '../../src/data/coco/write.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { newConfig } from '../../src/run/newConfig/newConfig.js';
import { hearStandardError } from '../support/standardError.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const said = hearStandardError();

it('a class that val has no box of is a warning, and no fact; nothing is written to the terminal', async () => {
  const folder = temporaryFolder();
  const { splits } = await generateShapes(folder, { train: 12, val: 1, size: 64 });
  const val = parseCoco(splits.train.annotations);
  const annotations = val.annotations.filter(({ category_id }) => category_id !== 2);
  await writeCoco(splits.val.annotations, { ...val, annotations });
  const made = await newConfig({ data: folder, images: splits.train.images, out: join(folder, 'my.yaml') });
  const { warnings, facts } = factsOf(made);
  expect(warnings).toEqual(['no box to measure on of 1 classes: square']);
  expect(facts[0]).toBe('COCO json: 12 pictures to learn from, 12 to measure on (as the data has it)');
  expect(said()).toBe('');
});
