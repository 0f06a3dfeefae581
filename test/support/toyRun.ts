import { join } from 'node:path';
import { parseConfig } from '../../src/config/load.js';
import { bytesOf } from '../../src/formats/namedArray.js';
import { readModel } from '../../src/models/checkpoints/modelFile.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { ToyTask } from './toyTask.js';

const base = `
task: classification
model: { backbone: { name: cmt, variant: cmt_ti } }
data: { train: somewhere }
train:
  epochs: 3
  batchSize: 2
  ema: 0.9
  checkpointEvery: 2
  logEvery: 1
  optimizer: { name: adamw, lr: 0.01, baseBatch: null, weightDecay: 0.05 }
  schedule: { name: cosine, warmupSteps: 3 }
`;

/** Trains the toy in a folder, from its state where there is one. @param onStep hears of each of the 12 steps */
export async function toyRun(path: string, resume: boolean, onStep: (step: number) => void = () => {}): Promise<void> {
  const config = parseConfig(base, 'toy.yaml');
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
