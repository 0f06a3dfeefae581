/**
 * `predict` beside its network: pictures a second with decoding, drawing and writing, and of the network alone on pictures that are decoded
 * and resized already, in the same process.
 *
 *   npx tsx tools/bench-predict.ts CKPT FOLDER [--pictures 300]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Detector } from '../src/models/detector.js';
import { singleInput } from '../src/models/detectorInput.js';
import { pictureInputs } from '../src/run/pictureInputs.js';
import { predict } from '../src/run/predict.js';
import { openDecoder } from '../src/tensorflow/jpegDecoder.js';

const { positionals, values } = parseArgs({
  options: { pictures: { type: 'string', default: '300' } },
  allowPositionals: true,
});
const [checkpoint, folder] = positionals as [string, string];
const inputs = (await pictureInputs([folder])).slice(0, Number(values.pictures));

const detector = Detector.load(checkpoint);
const decode = openDecoder();
const prepared = await Promise.all(
  inputs.slice(0, 16).map(async (file) => {
    const image = await decode(file);
    return { image, input: singleInput(image, detector.description.input) };
  }),
);
const alone = async (count: number) => {
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const { image, input } = prepared[i % prepared.length]!;
    await detector.detectBatch(input, [image], { scoreThreshold: 0.3 });
  }
  return count / ((performance.now() - started) / 1000);
};
await alone(prepared.length);
// Before and after, since other work on the machine comes and goes.
const before = await alone(Math.ceil(inputs.length / 2));
const out = mkdtempSync(join(tmpdir(), 'cmtdet-bench-'));
const { pictures, seconds } = await predict({ checkpoint, inputs, out });
const after = await alone(Math.ceil(inputs.length / 2));
rmSync(out, { recursive: true });
await detector.dispose();

const rate = pictures.length / seconds.all;
const network = 2 / (1 / before + 1 / after);
console.log(
  `${pictures.length} pictures: predict ${rate.toFixed(2)} a second, network alone ${network.toFixed(2)} (${before.toFixed(2)} before, ${after.toFixed(2)} after): ${(rate / network).toFixed(2)}`,
);
