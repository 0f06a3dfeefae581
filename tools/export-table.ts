/**
 * Every pair of network and format against cmtdet itself: the farthest that a number of an output is from ours, relative to the largest number of that
 * output, and for detectors with their duplicates suppressed inside, the farthest that a side of a box is from ours, in pixels.
 *
 *   npx tsx tools/export-table.ts [--python PYTHON] [--only retinanet] [--checkpoint CKPT --annotations FILE --images FOLDER]
 *
 * Weights are drawn, and louder in the heads, so that things are found everywhere, with scores well apart. `--python` names a Python with numpy, onnxruntime and
 * tensorflow, and adds their columns. `--checkpoint` adds COCO's twelve numbers of a trained detector.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfig } from '../src/config/load.js';
import type { ClassificationConfig, DetectionConfig } from '../src/config/schema.js';
import { renderScene } from '../src/data/shapes/render.js';
import { randomScene } from '../src/data/shapes/scene.js';
import type { Difference } from '../src/export/compare.js';
import { exportOnnx } from '../src/export/onnx/exportOnnx.js';
import { OnnxRuntime } from '../src/export/onnx/runtime.js';
import { exportSavedModel, savedModelSize } from '../src/export/savedModel/exportSavedModel.js';
import { type Foreign, verify } from '../src/export/verify.js';
import { buildClassifier, buildDetector } from '../src/models/build.js';
import { describeDetector, numberedCategories } from '../src/models/checkpoints/description.js';
import { Classifier } from '../src/models/classifier.js';
import { Detector } from '../src/models/detector.js';
import { Random } from '../src/random.js';
import { measureBeside } from '../src/run/measureExported.js';
import { dataTypeOf, type HostTensor } from '../src/tensorflow/hostTensor.js';

const text = { type: 'string' } as const;
const options = { python: text, only: text, checkpoint: text, annotations: text, images: text } as const;
const { values } = parseArgs({ options });
const folder = mkdtempSync(join(tmpdir(), 'cmtdet-table-'));
const quick = { fuse: false, optimize: false };
const side = 224;

const pairs: [name: string, open: () => Classifier | Detector][] = [
  ...['cmt_ti', 'cmt_s', 'resnet50'].map((name): [string, () => Classifier] => [
    `${name}, classifier`,
    () => classifier(name),
  ]),
  ['retinanet_cmt_ti', () => detector('cmt_ti', '{ name: retinanet }', 20)],
  ['retinanet_cmt_s', () => detector('cmt_s', '{ name: retinanet }', 20)],
  ['retinanet_r50', () => detector('resnet50', '{ name: retinanet }', 2)],
  ['fcos_r50', () => detector('resnet50', '{ name: fcos }', 2)],
];

const backboneOf = (name: string) =>
  name.startsWith('resnet') ? `{ name: resnet, depth: ${name.slice(6)} }` : `{ name: cmt, variant: ${name} }`;

function classifier(name: string): Classifier {
  const config = parseConfig(
    `{ task: classification, model: { backbone: ${backboneOf(name)} }, data: { train: none } }`,
    name,
  ) as ClassificationConfig;
  return new Classifier(buildClassifier(config.model, 1000), quick);
}

/** @param loudness factor of the last weights of the head: with more, scores are all next to 1 and differ by their last digits */
function detector(backbone: string, head: string, loudness: number): Detector {
  const data = `{ shortSide: ${side}, longSide: ${2 * side}, train: { annotations: none, images: none } }`;
  const model = `{ backbone: ${backboneOf(backbone)}, neck: {}, head: ${head} }`;
  const config = parseConfig(`{ task: detection, model: ${model}, data: ${data} }`, backbone) as DetectionConfig;
  const network = buildDetector(config.model, 20);
  for (const [name, parameter] of network.parameters()) {
    if (name === 'head.classify.bias') parameter.value = parameter.value.map(() => -2);
    else if (/^head\.(classify|regress)\.weight$/.test(name))
      parameter.value = parameter.value.map((weight) => loudness * weight);
  }
  return new Detector(network, describeDetector(config, numberedCategories(20)), quick);
}

const script = `
import json, sys
import numpy as np
kind, model, folder = sys.argv[1:4]
spec = json.load(open(folder + "/in.json"))
images = np.fromfile(folder + "/in.bin", dtype=spec["dtype"]).reshape(spec["shape"])
if kind == "onnx":
    import onnxruntime
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    outputs = {o.name: a for o, a in zip(session.get_outputs(), session.run(None, {"images": images}))}
else:
    import tensorflow as tf
    loaded = tf.saved_model.load(model)
    outputs = {k: v.numpy() for k, v in loaded.signatures["serving_default"](images=tf.constant(images)).items()}
listed = []
with open(folder + "/out.bin", "wb") as f:
    for name, array in outputs.items():
        array = np.ascontiguousarray(array.astype("float32"))
        listed.append({"name": name, "shape": array.shape})
        f.write(array.tobytes())
json.dump(listed, open(folder + "/out.json", "w"))
`;

/** A model run by Python, a process a picture. */
class PythonModel implements Foreign {
  constructor(
    readonly kind: 'onnx' | 'savedmodel',
    readonly path: string,
  ) {}

  async run({ images }: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const { data, shape } = images!;
    writeFileSync(join(folder, 'in.bin'), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    writeFileSync(join(folder, 'in.json'), JSON.stringify({ dtype: dataTypeOf(data), shape }));
    execFileSync(values.python!, ['-c', script, this.kind, this.path, folder], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    const bytes = readFileSync(join(folder, 'out.bin'));
    const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const outputs: Record<string, HostTensor> = {};
    let at = 0;
    for (const { name, shape } of JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'))) {
      const length = shape.reduce((product: number, side: number) => product * side, 1);
      outputs[name] = { data: all.slice(at, at + length), shape };
      at += length;
    }
    return outputs;
  }
}

const random = new Random(1);
const pictures = await Promise.all([0, 1].map(() => renderScene(randomScene(random, side), random)));
const any = { size: undefined, batch: 1, pixels: 'uint8' } as const;

const relative = (differences: readonly Difference[]) =>
  Math.max(...differences.map(({ largest, of }) => largest / of)).toExponential(1);
const boxes = (differences: readonly Difference[]) => {
  const of = (name: string) => differences.find(({ output }) => output === name)!;
  const moved = of('places in the list');
  return `${of('boxes').largest.toExponential(1)} px, ${moved.largest} of ${moved.of} moved`;
};

const head = [
  'pair',
  'onnxruntime-node',
  'boxes there',
  ...(values.python ? ['Python onnxruntime', 'boxes there', 'Python TensorFlow'] : []),
];
console.log(`| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}`);
for (const [name, open] of pairs.filter(([name]) => name.includes(values.only ?? ''))) {
  const model = open();
  const plain = join(folder, 'plain.onnx');
  const withNms = join(folder, 'nms.onnx');
  await exportOnnx(model, plain, { version: 'table' });
  const isDetector = model instanceof Detector;
  if (isDetector) await exportOnnx(model, withNms, { version: 'table', nms: true });
  const cells: string[] = [];
  const add = async (foreign: (path: string) => Promise<Foreign>) => {
    cells.push(relative(await verify(model, await foreign(plain), pictures, any)));
    cells.push(isDetector ? boxes(await verify(model, await foreign(withNms), pictures, any)) : '');
  };
  await add(async (path) => (await OnnxRuntime.open(path))!);
  if (values.python) {
    await add(async (path) => new PythonModel('onnx', path));
    const saved = join(folder, 'saved');
    rmSync(saved, { recursive: true, force: true });
    mkdirSync(saved);
    await exportSavedModel(model, saved, { pixels: 'uint8' });
    const settings = { ...any, size: savedModelSize(model) };
    cells.push(relative(await verify(model, new PythonModel('savedmodel', saved), pictures, settings)));
  }
  console.log(`| ${[name, ...cells].join(' | ')} |`);
  await model.dispose();
}

if (values.checkpoint !== undefined) {
  const trained = Detector.load(values.checkpoint);
  const path = join(folder, 'trained.onnx');
  await exportOnnx(trained, path, { version: 'table', nms: true });
  const val = { annotations: values.annotations!, images: values.images! };
  const { own, exported } = await measureBeside(trained, (await OnnxRuntime.open(path))!, val);
  const [before, after] = [own, exported].map((stats) => ({ ...stats }) as Record<string, number | null>);
  const show = (value: number | null) => value?.toFixed(4) ?? 'n/a';
  console.log(`\n| | ${Object.keys(before!).join(' | ')} |\n|${' --- |'.repeat(13)}`);
  console.log(`| cmtdet | ${Object.values(before!).map(show).join(' | ')} |`);
  console.log(`| ONNX | ${Object.values(after!).map(show).join(' | ')} |`);
  await trained.dispose();
}
rmSync(folder, { recursive: true });
