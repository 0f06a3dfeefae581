/**
 * Every pair of network and format against cmtdet itself: the farthest that a number of an output is from ours, relative to the largest number of that
 * output, and for detectors with their duplicates suppressed inside, the farthest that a side of a box is from ours, in pixels.
 *
 *   npx tsx tools/export-table.ts [--python PYTHON] [--only retinanet] [--checkpoint CKPT --annotations FILE --images FOLDER [--size HxW]]
 *
 * Weights are drawn, and louder in the heads, so that things are found everywhere, with scores well apart. `--python` names a Python with numpy, onnxruntime and
 * tensorflow, and adds their columns. `--checkpoint` adds COCO's twelve numbers of a trained detector; `--size`, what its pictures are resized to where
 * that is the same for all, those of a RetinaNet's SavedModel too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { parseConfig } from '../src/config/load.js';
import type { ClassificationConfig, DetectionConfig } from '../src/config/schema.js';
import { renderScene } from '../src/data/shapes/render.js';
import { randomScene } from '../src/data/shapes/scene.js';
import { detectionsOf } from '../src/detection/postprocess.js';
import { rowsOfPlaces, topCandidates } from '../src/detection/topCandidates.js';
import type { CocoStats } from '../src/eval/summarize.js';
import type { Difference } from '../src/export/compare.js';
import { exportOnnx } from '../src/export/onnx/exportOnnx.js';
import { OnnxRuntime } from '../src/export/onnx/runtime.js';
import { exportSavedModel, savedModelSize } from '../src/export/savedModel/exportSavedModel.js';
import { levelOutput, levelsOf } from '../src/export/trace.js';
import { type Foreign, verify } from '../src/export/verify.js';
import { inferenceShape } from '../src/geometry/size.js';
import { buildClassifier, buildDetector } from '../src/models/build.js';
import { describeDetector, numberedCategories } from '../src/models/checkpoints/description.js';
import { Classifier } from '../src/models/classifier.js';
import { Detector } from '../src/models/detector.js';
import { Random } from '../src/random.js';
import { measureBeside } from '../src/run/measureExported.js';
import { dataTypeOf, type HostTensor, sizeOf } from '../src/tensorflow/hostTensor.js';

const text = { type: 'string' } as const;
const options = { python: text, only: text, checkpoint: text, annotations: text, images: text, size: text } as const;
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
if kind == "onnx":
    import onnxruntime
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    run = lambda images: dict(zip(names, session.run(None, {"images": images})))
else:
    import tensorflow as tf
    loaded = tf.saved_model.load(model)
    serve = loaded.signatures["serving_default"]
    run = lambda images: {k: v.numpy() for k, v in serve(images=tf.constant(images)).items()}
for _ in sys.stdin:
    spec = json.load(open(folder + "/in.json"))
    images = np.fromfile(folder + "/in.bin", dtype=spec["dtype"]).reshape(spec["shape"])
    listed = []
    with open(folder + "/out.bin", "wb") as f:
        for name, array in run(images).items():
            array = np.ascontiguousarray(array.astype("float32"))
            listed.append({"name": name, "shape": array.shape})
            f.write(array.tobytes())
    print(json.dumps(listed), flush=True)
`;

/** A model that a process of Python runs, as long as this one is open. */
class PythonModel implements Foreign {
  readonly #python: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(kind: 'onnx' | 'savedmodel', path: string) {
    this.#python = spawn(values.python!, ['-c', script, kind, path, folder], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#answers = createInterface({ input: this.#python.stdout! })[Symbol.asyncIterator]();
  }

  async run({ images }: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const { data, shape } = images!;
    writeFileSync(join(folder, 'in.bin'), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    writeFileSync(join(folder, 'in.json'), JSON.stringify({ dtype: dataTypeOf(data), shape }));
    this.#python.stdin!.write('next\n');
    const answer = await this.#answers.next();
    if (answer.done) throw new Error(`${values.python} has ended: it needs numpy, onnxruntime and tensorflow`);
    const bytes = readFileSync(join(folder, 'out.bin'));
    const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const outputs: Record<string, HostTensor> = {};
    let at = 0;
    for (const { name, shape } of JSON.parse(answer.value)) {
      outputs[name] = { data: all.slice(at, at + sizeOf(shape)), shape };
      at += sizeOf(shape);
    }
    return outputs;
  }

  dispose(): void {
    this.#python.kill();
  }
}

/** What a RetinaNet's head says elsewhere, as the boxes that follow from it. */
class DecodedHead implements Foreign {
  constructor(
    readonly model: PythonModel,
    readonly detector: Detector,
  ) {}

  async run({ images }: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const { model: network, description } = this.detector;
    const { input, inference, categories } = description;
    const [, height, width] = images!.shape as [number, number, number, number];
    const outputs = await this.model.run({ images: images! });
    const candidates = levelsOf(network).map((level) => {
      const of = (name: string) => outputs[levelOutput(name, level)]!.data as Float32Array;
      const best = topCandidates(of('logits'), inference.preNmsTopK, inference.scoreThreshold);
      return { ...best, deltas: rowsOfPlaces(of('deltas'), best, categories.length, 4) };
    });
    const padded = inferenceShape({ height, width }, input);
    const found = network.head.decode(candidates, padded, inference.scoreThreshold);
    const { boxes, scores, labels } = detectionsOf(found, { height, width }, { height, width }, inference);
    const count = scores.length;
    return {
      boxes: { data: boxes, shape: [1, count, 4] },
      scores: { data: scores, shape: [1, count] },
      labels: { data: labels, shape: [1, count] },
    };
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
    const check = async (path: string) => {
      const opened = await foreign(path);
      const differences = await verify(model, opened, pictures, any);
      if (opened instanceof PythonModel) opened.dispose();
      return differences;
    };
    cells.push(relative(await check(plain)));
    cells.push(isDetector ? boxes(await check(withNms)) : '');
  };
  await add(async (path) => (await OnnxRuntime.open(path))!);
  if (values.python) {
    await add(async (path) => new PythonModel('onnx', path));
    const saved = join(folder, 'saved');
    rmSync(saved, { recursive: true, force: true });
    mkdirSync(saved);
    await exportSavedModel(model, saved, { pixels: 'uint8' });
    const settings = { ...any, size: savedModelSize(model) };
    const python = new PythonModel('savedmodel', saved);
    cells.push(relative(await verify(model, python, pictures, settings)));
    python.dispose();
  }
  console.log(`| ${[name, ...cells].join(' | ')} |`);
  await model.dispose();
}

if (values.checkpoint !== undefined) {
  const trained = Detector.load(values.checkpoint);
  const path = join(folder, 'trained.onnx');
  await exportOnnx(trained, path, { version: 'table', nms: true });
  const val = { annotations: values.annotations!, images: values.images! };
  const rows: [string, CocoStats][] = [];
  const add = async (name: string, foreign: Foreign) => {
    const { own, exported } = await measureBeside(trained, foreign, val);
    if (rows.length === 0) rows.push(['cmtdet', own]);
    rows.push([name, exported]);
  };
  await add('ONNX, onnxruntime-node', (await OnnxRuntime.open(path))!);
  if (values.python) {
    const onnx = new PythonModel('onnx', path);
    await add('ONNX, Python onnxruntime', onnx);
    onnx.dispose();
    const size = values.size?.split('x').map(Number);
    if (size) {
      const saved = join(folder, 'trained');
      mkdirSync(saved);
      await exportSavedModel(trained, saved, { size: { height: size[0]!, width: size[1]! }, pixels: 'uint8' });
      const python = new PythonModel('savedmodel', saved);
      await add('SavedModel, Python TensorFlow', new DecodedHead(python, trained));
      python.dispose();
    }
  }
  const show = (value: number | null) => value?.toFixed(4) ?? 'n/a';
  console.log(`\n| | ${Object.keys(rows[0]![1]).join(' | ')} |\n|${' --- |'.repeat(13)}`);
  for (const [name, stats] of rows)
    console.log(
      `| ${name} | ${Object.values({ ...stats })
        .map(show)
        .join(' | ')} |`,
    );
  await trained.dispose();
}
rmSync(folder, { recursive: true });
