import type { DetectorNetwork } from '../../src/models/detectorNetwork.js';
import type { Program } from '../../src/tensorflow/program.js';
import { detectionLoss } from '../../src/train/detectionBatch.js';
import { AdamW } from '../../src/train/optimizer.js';
import { TrainStep } from '../../src/train/step.js';

/** A training step of a whole detector, with AdamW that decays nothing. */
export function detectorStep(program: Program, network: DetectorNetwork): TrainStep<string, string> {
  const parameters = [...network.parameters()];
  return new TrainStep(program, {
    parameters,
    loss: (inputs, ctx) => detectionLoss(network, inputs, ctx),
    optimizer: new AdamW(parameters, { weightDecay: 0, decays: () => false, betas: [0.9, 0.999], epsilon: 1e-8 }),
    clipNorm: 10,
    accumulate: 1,
    ema: null,
    seed: 0,
  });
}
