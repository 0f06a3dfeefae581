/**
 * `predict` beside its network: pictures a second with decoding, drawing and writing, the same without drawing, and of the network alone on pictures
 * that are decoded and resized already, one for each core at a time, in one process.
 *
 *   npx tsx tools/bench-predict.ts CKPT FOLDER [--pictures 300]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RgbImage } from '../src/data/image/image.js';
import { Detector } from '../src/models/detector.js';
import { type DetectorInput, singleInput } from '../src/models/detectorInput.js';
import { pictureInputs } from '../src/run/pictureInputs.js';
import { predict } from '../src/run/predict.js';
import { openDecoder } from '../src/tensorflow/jpegDecoder.js';

const { positionals, values } = parseArgs({
  options: { pictures: { type: 'string', default: '300' } },
  allowPositionals: true,
});
const [checkpoint, folder] = positionals as [string, string];
const inputs = (await pictureInputs([folder])).slice(0, Number(values.pictures));

const cores = availableParallelism();
const detector = Detector.load(checkpoint);
const decode = openDecoder();
const prepared = await Promise.all(
  inputs.slice(0, 16).map(async (file) => {
    const image = await decode(file);
    return {
      images: Array<RgbImage>(cores).fill(image),
      batch: batchOf(singleInput(image, detector.description.input)),
    };
  }),
);

/** One picture for each core: a batch that is divided among them. */
function batchOf({ images, inputSizes, ...size }: DetectorInput): DetectorInput {
  const all = { images: new Uint8Array(cores * images.length), inputSizes: new Int32Array(2 * cores) };
  for (let core = 0; core < cores; core++) {
    all.images.set(images, core * images.length);
    all.inputSizes.set(inputSizes, 2 * core);
  }
  return { ...size, ...all, batchSize: cores };
}

const alone = async (count: number) => {
  const started = performance.now();
  let done = 0;
  for (let i = 0; done < count; i++, done += cores) {
    const { images, batch } = prepared[i % prepared.length]!;
    await detector.detectBatch(batch, images, { scoreThreshold: 0.3 });
  }
  return done / ((performance.now() - started) / 1000);
};
await alone(cores * prepared.length);
// Before, between and after, since other work on the machine comes and goes.
const before = await alone(Math.ceil(inputs.length / 2));
const out = mkdtempSync(join(tmpdir(), 'cmtdet-bench-'));
const rateOf = async (draw: boolean) => {
  const { pictures, seconds } = await predict({ checkpoint, inputs, out, draw });
  return pictures.length / seconds.all;
};
const drawn = await rateOf(true);
const between = await alone(Math.ceil(inputs.length / 2));
const listed = await rateOf(false);
const after = await alone(Math.ceil(inputs.length / 2));
rmSync(out, { recursive: true });
await detector.dispose();

const network = 3 / (1 / before + 1 / between + 1 / after);
const beside = (rate: number) => `${rate.toFixed(2)} a second (${(rate / network).toFixed(2)})`;
const each = [before, between, after].map((rate) => rate.toFixed(2)).join(', ');
console.log(
  `${inputs.length} pictures: predict ${beside(drawn)}, without drawing ${beside(listed)}, network alone ${network.toFixed(2)} (${each})`,
);
