/**
 * onnxruntime on what cmtdet writes, beside onnxruntime on what PyTorch's own exporter writes of the twin (the same network in PyTorch, for the
 * benchmarks): in turns, in one process, all cores.
 *
 *   npx tsx tools/bench-onnx.ts [--networks cmt_ti,cmt_s] [--side 320] [--batch 1] [--rounds 20]
 *
 * `--side` is that of pictures for detectors; a classifier has its own. Ours take 8-bit pixels and normalise them; the twin's takes what is normalised already. Of ours there are the file for this one size and batch
 * (`--size`, `--batch` of `export`) and the one for any (for a classifier, any batch of its own size). Above 1 in the last columns: ours is faster.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/console.js';
import { exportOnnx } from '../src/export/onnx/exportOnnx.js';
import { buildClassifier } from '../src/models/build.js';
import { Classifier } from '../src/models/classifier.js';
import type { Detector } from '../src/models/detector.js';
import { freshDetector } from '../src/models/freshDetector.js';
import { findModel } from '../src/run/namedModel.js';
import { runJob } from './bench/job.js';
import { benchPython } from './bench/python.js';
import { quantile } from './bench/statistics.js';

const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: 'cmt_ti,cmt_s,retinanet_cmt_ti,retinanet_cmt_s' },
    side: { type: 'string', default: '320' },
    batch: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '20' },
  },
});
const batch = Number(values.batch);
const limits = { seconds: 900 };
const python = benchPython();
const folder = mkdtempSync(join(tmpdir(), 'cmtdet-bench-'));

/** A network with drawn weights, and the side of its pictures. */
async function open(name: string): Promise<{ readonly model: Classifier | Detector; readonly side: number }> {
  const { config, classes, inputSize } = await findModel(name);
  const quick = { fuse: false, optimize: false };
  if (config.task === 'classification')
    return { model: new Classifier(buildClassifier(config.model, classes), quick), side: inputSize[0] };
  return { model: freshDetector(config, classes, quick), side: Number(values.side) };
}

const rows: string[][] = [];
for (const network of values.networks.split(',')) {
  const { model, side } = await open(network);
  const files = ['twin', 'one', 'any'].map((name) => join(folder, `${name}.onnx`));
  const [, one, any] = files as [string, string, string];
  await exportOnnx(model, one, { version: 'bench', batch, size: { height: side, width: side } });
  await exportOnnx(model, any, { version: 'bench' });
  await model.dispose();
  const job = JSON.stringify({ network, mode: 'forward', batch, height: side, width: side });
  const script = new URL('./bench/pytorch/onnx_pair.py', import.meta.url).pathname;
  const seconds = await runJob<number[][]>(python, [script, job, values.rounds, ...files], limits);
  // Other work on the machine only slows runs down, so the faster ones tell more.
  const [twin, ofOne, ofAny] = seconds.map((list) => quantile(list, 0.25)) as [number, number, number];
  const ms = (value: number) => (1000 * value).toFixed(1);
  rows.push([
    network,
    `${side} x ${side}`,
    ms(twin),
    ms(ofOne),
    ms(ofAny),
    (twin / ofOne).toFixed(2),
    (twin / ofAny).toFixed(2),
  ]);
}
console.log(`batches of ${batch}, first quartiles in ms`);
console.log(table(['network', 'pictures', 'twin', 'one size', 'any size', 'ratio', 'ratio, any size'], rows));
rmSync(folder, { recursive: true });
