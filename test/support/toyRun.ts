import { join } from 'node:path';
import { parseConfig } from '../../src/config/load.js';
import { bytesOf } from '../../src/formats/namedArray.js';
import { readModel } from '../../src/models/checkpoints/modelFile.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { ToyTask, toyConfig } from './toyTask.js';

const settings = ['train.ema=0.9', 'train.checkpointEvery=2', 'train.logEvery=1'];

/** Trains the toy in a folder, from its state where there is one. @param onStep hears of each of the 12 steps */
export async function toyRun(path: string, resume: boolean, onStep: (step: number) => void = () => {}): Promise<void> {
  const config = parseConfig(toyConfig, 'toy.yaml', settings);
  const run = resume ? RunFolder.open(path, 'toy.yaml') : await RunFolder.create(path, 'toy.yaml', config);
  const heard = {
    onStep: ({ step }: { step: number }) => onStep(step),
    onPreparing() {},
    onEvaluating() {},
    onEvaluated() {},
    onWarning() {},
  };
  try {
    await runEpochs(new ToyTask(), { config, run, resume, observer: heard });
  } finally {
    run.close();
  }
}

/** The tensors of the last checkpoint, as text. */
export const lastOf = (path: string): string =>
  [...readModel(join(path, 'last.safetensors')).tensors]
    .map(([name, array]) => `${name} ${Buffer.from(bytesOf(array)).toString('hex')}`)
    .join('\n');
