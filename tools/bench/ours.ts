/**
 * One measurement of cmtdet, for tools/bench.ts: npx tsx tools/bench/ours.ts VARIANT BATCH train|forward STEPS
 *
 * Prints a line of JSON: seconds of each step after two that warm up, and the largest resident size in MB.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { Cmt, type CmtVariant, cmtVariants } from '../../src/models/cmt.js';
import { CmtClassifier } from '../../src/models/cmtClassifier.js';
import { softTargetCrossEntropy } from '../../src/models/losses.js';
import { inference, seedParameters } from '../../src/nn/module.js';
import { Random } from '../../src/random.js';
import { Program } from '../../src/tensorflow/program.js';
import { AdamW } from '../../src/train/optimizer.js';
import { TrainStep } from '../../src/train/step.js';

const [variant, batchText, mode, stepsText] = process.argv.slice(2);
const spec = cmtVariants[variant as CmtVariant];
const batch = Number(batchText);
const side = spec.inputSize;
const classes = 1000;

const model = new CmtClassifier(new Cmt(spec), { classes });
seedParameters(model, 1);
const program = new Program();
const random = new Random(3);
const images = {
  data: Float32Array.from({ length: batch * side * side * 3 }, () => random.normal()),
  shape: [batch, side, side, 3],
};
const targets = { data: new Float32Array(batch * classes), shape: [batch, classes] };
for (let i = 0; i < batch; i++) targets.data[i * classes + i] = 1;

const parameters = [...model.parameters()];
const step = new TrainStep(program, {
  parameters,
  loss: ({ x, t }: Record<'x' | 't', tf.Tensor>, ctx) => ({
    entropy: softTargetCrossEntropy(model.forward(x as tf.Tensor4D, ctx), t as tf.Tensor2D),
  }),
  optimizer: new AdamW(parameters, { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, decays: () => true }),
  clipNorm: null,
  accumulate: 1,
  ema: null,
  seed: 0,
});
const forward = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
  logits: model.forward(x as tf.Tensor4D, inference),
}));
const run = (n: number) =>
  mode === 'train' ? step.run({ x: images, t: targets }, 1e-4, n + 1, n) : forward({ x: images });

const seconds: number[] = [];
for (let n = 0; n < Number(stepsText) + 2; n++) {
  const started = performance.now();
  await run(n);
  if (n >= 2) seconds.push((performance.now() - started) / 1000);
}
console.log(JSON.stringify({ seconds, peakMb: process.resourceUsage().maxRSS / 1024 }));
await program.dispose();
