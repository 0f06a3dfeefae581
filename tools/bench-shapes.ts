/**
 * What each further shape of batches adds to the memory of a training: npx tsx tools/bench-shapes.ts [--model retinanet_cmt_ti] [--short 800] [--long 1333]
 *
 * One training step on made-up pictures of each of eight shapes, the largest first, so that what comes on top is graphs and compiled
 * parts and not larger values; then all of them once more, where nothing should be added. Needs Linux' /proc.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { print, table } from '../src/cli/console.js';
import { inputSize, paddedSize } from '../src/geometry/size.js';
import { buildDetector } from '../src/models/build.js';
import { findModel } from '../src/run/namedModel.js';
import { Program } from '../src/tensorflow/program.js';
import { detectionFeed, detectionLoss } from '../src/train/detectionBatch.js';
import { engineOptions } from '../src/train/engineOptions.js';
import { TrainStep } from '../src/train/step.js';
import { Weights } from '../src/train/weights.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'retinanet_cmt_ti' },
    short: { type: 'string', default: '800' },
    long: { type: 'string', default: '1333' },
  },
});
const rule = { shortSide: Number(values.short), longSide: Number(values.long) };
/** Width ÷ height of pictures, as photographs have them. */
const ratios = [16 / 9, 9 / 16, 3 / 2, 2 / 3, 4 / 3, 3 / 4, 5 / 4, 1];

const { config, classes } = await findModel(values.model);
if (config.task !== 'detection') throw new Error(`${values.model} is no detector`);
const model = buildDetector(config.model, classes, config.train);
const { parameters, optimizer, ema } = new Weights(model, config.train.optimizer, config.train.ema);
const program = new Program(engineOptions(config.engine));
const step = new TrainStep<string, string>(program, {
  parameters: [...parameters],
  loss: (inputs, ctx) => detectionLoss(model, inputs, ctx),
  optimizer,
  clipNorm: config.train.clipNorm,
  accumulate: 1,
  ema,
  seed: 0,
});

function feedOf(ratio: number) {
  const input = inputSize({ width: Math.round(ratio * 1000), height: 1000 }, rule);
  const { width, height } = paddedSize(input);
  const batch = {
    ...{ batchSize: 1, height, width, images: new Uint8Array(height * width * 3).fill(99) },
    ...{ inputSizes: Int32Array.of(input.height, input.width) },
    ...{ boxes: [Float32Array.of(10, 10, width / 2, height / 2)], labels: [Int32Array.of(0)] },
  };
  return { shape: `${height} x ${width}`, feed: detectionFeed(batch, model.head) };
}

const residentMb = () => process.memoryUsage().rss / 2 ** 20;
const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;

const rows: string[][] = [];
let t = 0;
for (const round of [1, 2]) {
  for (const ratio of ratios) {
    const { shape, feed } = feedOf(ratio);
    t++;
    await step.run(feed, { learningRate: 1e-7, t, draw: t });
    rows.push([`${round}`, shape, residentMb().toFixed(0), peakMb().toFixed(0)]);
    console.error(rows.at(-1)!.join('  '));
  }
}
print(table(['round', 'shape', 'resident MB', 'peak MB'], rows));
await program.dispose();
