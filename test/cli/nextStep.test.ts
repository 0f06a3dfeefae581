import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nextSteps } from '../../src/cli/nextStep.js';
import { ClassifierModel } from '../../src/config/modelSchema.js';
import type { ClassifierDescription } from '../../src/models/checkpoints/description.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

/** What is proposed to be done first, once TensorFlow is there. */
const first = (folder: string) => nextSteps(folder).find((line) => /cmtdet (demo|predict)/.test(line));

it('the detector that was written last: not the last name, no classifier, no damaged file', async () => {
  const folder = temporaryFolder();
  expect(first(folder)).toContain('cmtdet demo');
  const { model, description } = tinyDetector();
  const { variant, biasSize } = description.model.backbone as { variant: object; biasSize: number };
  const ofClassifier: ClassifierDescription = {
    format: 2,
    kind: 'classifier',
    classes: ['cat'],
    epoch: 0,
    step: 0,
    metrics: {},
    model: ClassifierModel.parse({ backbone: { name: 'cmt', variant, biasSize } }),
    input: { size: 64, cropFraction: 1, interpolation: 'bicubic', colourProfiles: 'ignore' },
  };
  const runs = { 'my-9': description, 'my 10': description, pretrain: ofClassifier };
  const best = (run: string) => join(folder, 'runs', run, 'best.safetensors');
  for (const run of [...Object.keys(runs), 'z']) mkdirSync(join(folder, 'runs', run), { recursive: true });
  for (const [run, described] of Object.entries(runs)) await saveModel(best(run), model, described);
  writeFileSync(best('z'), 'damaged');
  writeFileSync(join(folder, 'runs', 'notes.txt'), 'no run');
  for (const [i, run] of [...Object.keys(runs), 'z'].entries()) utimesSync(best(run), 1000 + i, 1000 + i);
  expect(first(folder)).toContain(`cmtdet predict '${join('runs', 'my 10', 'best.safetensors')}' photos`);
});
