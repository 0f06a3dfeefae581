/**
 * Memory of a training run: resident size and number of tensors over 300 steps. Both must be flat after warm-up.
 *
 *   npx tsx tools/bench-memory.ts [CONFIG] [STEPS]       default: configs/demo_detector.yaml (run the demo first), 300
 *
 * Prints a table, and the slope of the resident size over the second half in MB for 500 steps; ends with 1 where it is 50 or more.
 */
import * as tf from '@tensorflow/tfjs-core';
import { loadConfig } from '../src/config/load.js';
import { Program } from '../src/tensorflow/program.js';
import { DetectionTask } from '../src/train/detectionTask.js';
import { TrainStep } from '../src/train/step.js';
import { Weights } from '../src/train/weights.js';

const [file = 'configs/demo_detector.yaml', count = '300'] = process.argv.slice(2);
const steps = Number(count);
const config = await loadConfig(file, ['data.val=null']);
if (config.task !== 'detection') throw new Error(`${file} is not for detection`);
const task = await DetectionTask.open(config, {
  onWarning: console.warn,
  onRepair: console.warn,
  onSkipped: console.warn,
});
const program = new Program();
const weights = new Weights(task.model, config.train.optimizer, config.train.ema);
const step = new TrainStep<string, string>(program, {
  parameters: [...weights.parameters],
  loss: (inputs, ctx) => task.loss(inputs, ctx),
  optimizer: weights.optimizer,
  clipNorm: config.train.clipNorm,
  accumulate: 1,
  ema: weights.ema,
  seed: config.train.seed,
});

const samples: { step: number; resident: number; tensors: number }[] = [];
let done = 0;
for (let epoch = 0; done < steps; epoch++) {
  for await (const batch of task.batches(epoch, 0)) {
    await step.run(task.feed(batch), { learningRate: 1e-4, t: done + 1, draw: done });
    done++;
    if (done % 25 === 0) {
      samples.push({ step: done, resident: process.memoryUsage().rss / 1e6, tensors: tf.memory().numTensors });
      console.log(
        `step ${done}  resident ${samples.at(-1)!.resident.toFixed(0)} MB  tensors ${samples.at(-1)!.tensors}`,
      );
    }
    if (done >= steps) break;
  }
}

const settled = samples.slice(Math.floor(samples.length / 2));
const meanStep = settled.reduce((sum, sample) => sum + sample.step, 0) / settled.length;
const meanSize = settled.reduce((sum, sample) => sum + sample.resident, 0) / settled.length;
const covariance = settled.reduce((sum, sample) => sum + (sample.step - meanStep) * (sample.resident - meanSize), 0);
const variance = settled.reduce((sum, sample) => sum + (sample.step - meanStep) ** 2, 0);
const slope = (covariance / variance) * 500;
const constant = new Set(samples.map(({ tensors }) => tensors)).size === 1;
console.log(`slope ${slope.toFixed(1)} MB in 500 steps; number of tensors ${constant ? 'constant' : 'NOT constant'}`);
await task.close();
await program.dispose();
process.exitCode = slope < 50 && constant ? 0 : 1;
