/**
 * What of a step is oneDNN's own time: npx tsx tools/roofline.ts LIBDNNL [MODEL] [--mode forward] [--batch 8] [--size 224] [--threads 2] [--json]
 *
 *   pip download onednn-cpu-gomp==2023.2.0 --no-deps && unzip -q onednn_cpu_gomp-*.whl     # LIBDNNL: onednn_cpu_gomp-*.data/data/lib/libdnnl.so
 *
 * Every convolution and matrix product of the traced step is timed alone, by oneDNN outside any framework: in the layout that it likes best, memory that is
 * in the cache if it fits, and nothing before or after it. Their sum is what no framework with this library comes below. Beside it, the whole step.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { print, printJson, table } from '../src/cli/console.js';
import { elementCount } from '../src/formats/namedArray.js';
import { findModel } from '../src/run/namedModel.js';
import type { Plan, PlannedOperation } from '../src/tensorflow/plan.js';
import { inferenceWorkload, trainingWorkload } from '../src/train/workload.js';
import { quantile } from './bench/statistics.js';
import { type Convolution, OneDnn, type Product } from './onednn.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    mode: { type: 'string', default: 'forward' },
    batch: { type: 'string', default: '8' },
    size: { type: 'string', default: '224' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
  },
});
const [library, name = 'cmt_s'] = positionals;
if (library === undefined)
  throw new Error(
    'roofline.ts LIBDNNL: expected the file libdnnl.so; the top of tools/roofline.ts says where it is found',
  );

const model = await findModel(name);
const size = Number(values.size);
const shape = { batch: Number(values.batch), height: size, width: size };
const workload = (values.mode === 'train' ? trainingWorkload : inferenceWorkload)(model.config, model.classes, shape);
const plan = await workload.plan();
const stepMs = await medianMs(() => workload.run(), 7, 2);
await workload.dispose();

const counted = new Map<string, { readonly work: Convolution | Product; count: number }>();
for (const operation of plan.operations) {
  const work = workOf(plan, operation);
  if (work === undefined) continue;
  const key = JSON.stringify(work);
  const known = counted.get(key);
  if (known) known.count++;
  else counted.set(key, { work, count: 1 });
}

const oneDnn = new OneDnn(library, Number(values.threads));
const kinds = new Map<string, { count: number; ms: number; gigaflops: number }>();
for (const { work, count } of counted.values()) {
  const primitive = work.kind === 'product' ? oneDnn.product(work) : oneDnn.convolution(work);
  const ms = await medianMs(async () => primitive.execute(), 9, 2);
  primitive.dispose();
  const kind = kindOf(work);
  const sum = kinds.get(kind) ?? { count: 0, ms: 0, gigaflops: 0 };
  kinds.set(kind, {
    count: sum.count + count,
    ms: sum.ms + count * ms,
    gigaflops: sum.gigaflops + count * flopsOf(work),
  });
}

const rows = [...kinds].map(([kind, sum]) => ({ kind, ...sum })).sort((a, b) => b.ms - a.ms);
const oneDnnMs = rows.reduce((sum, { ms }) => sum + ms, 0);
if (values.json)
  printJson({ model: name, mode: values.mode, ...shape, stepMs, oneDnnMs, share: oneDnnMs / stepMs, rows });
else {
  const cells = rows.map(({ kind, count, ms, gigaflops }) => [
    kind,
    String(count),
    ms.toFixed(1),
    (gigaflops / (ms / 1000)).toFixed(0),
  ]);
  print(table(['oneDNN alone', 'a step', 'ms', 'GFLOP/s'], cells));
  print(
    `\n${name}, ${values.mode}: ${oneDnnMs.toFixed(0)} of ${stepMs.toFixed(0)} ms are oneDNN's own, ${Math.round((100 * oneDnnMs) / stepMs)} %`,
  );
}

/** What oneDNN would be asked for, read from the shapes alone; undefined: neither convolution nor product. */
function workOf({ operations }: Plan, { type, inputs, outputs }: PlannedOperation): Convolution | Product | undefined {
  const given = inputs.map(({ from, index }) => operations[from]!.outputs[index]!.shape ?? []);
  const result = outputs[0]?.shape ?? [];
  if (/MatMul/.test(type)) {
    const [m, n] = result.slice(-2) as [number, number];
    const before = result.slice(0, -2);
    const k = elementCount(given[0]!) / (elementCount(before) * m);
    return { kind: 'product', a: [...before, m, k], b: [...before, k, n] };
  }
  const convolution = /^(Conv2D|DepthwiseConv2dNative)(BackpropInput|BackpropFilter)?$/.exec(type);
  if (convolution === null) return undefined;
  const [kind, [input, filter, output]] =
    convolution[2] === undefined
      ? (['forward', [given[0]!, given[1]!, result]] as const)
      : convolution[2] === 'BackpropInput'
        ? (['backward data', [result, given[1]!, given[2]!]] as const)
        : (['backward weights', [given[0]!, result, given[2]!]] as const);
  const [batch, height, width, channels] = input as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = output as [number, number, number, number];
  const [kernelHeight, kernelWidth] = filter as [number, number];
  const strides = [Math.round(height / outHeight), Math.round(width / outWidth)];
  const padding = [
    Math.max(0, (outHeight - 1) * strides[0]! + kernelHeight - height),
    Math.max(0, (outWidth - 1) * strides[1]! + kernelWidth - width),
  ];
  const padBefore = padding.map((all) => Math.floor(all / 2));
  return {
    kind,
    src: [batch, channels, height, width],
    weights: type.startsWith('Depthwise')
      ? [channels, outChannels / channels, 1, kernelHeight, kernelWidth]
      : [outChannels, channels, kernelHeight, kernelWidth],
    dst: [batch, outChannels, outHeight, outWidth],
    strides,
    padBefore,
    padAfter: padding.map((all, i) => all - padBefore[i]!),
  };
}

function kindOf(work: Convolution | Product): string {
  if (work.kind === 'product') return work.a.length === 2 ? 'products' : 'products of attention';
  return `${work.weights.length === 5 ? 'depthwise convolutions' : 'convolutions'}, ${work.kind}`;
}

/** A multiplication and an addition are two, in units of 10^9. */
function flopsOf(work: Convolution | Product): number {
  if (work.kind === 'product') return (2 * elementCount(work.a) * work.b.at(-1)!) / 1e9;
  return (2 * elementCount(work.dst) * elementCount(work.weights.slice(-3))) / 1e9;
}

async function medianMs(body: () => Promise<unknown>, times: number, warmUp: number): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < warmUp + times; i++) {
    const started = performance.now();
    await body();
    if (i >= warmUp) all.push(performance.now() - started);
  }
  return quantile(all, 0.5);
}
