/**
 * Measures the evaluator beside pycocotools and faster-coco-eval: the whole way from two files to twelve numbers, each
 * in a process of its own.
 *
 *   npx tsx tools/bench-eval.ts [--data DIR] [--runs 3]
 *
 * The peers go into a scratch Python environment in the cache folder, with `pip` as the user has set it up. Without
 * `--data` (a folder with instances.json and detections.json), seeded data of the size of COCO val2017 is made: 5,000
 * images, about 36,000 objects in 80 categories, 500,000 detections.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BoxXywh, CocoAnnotation } from '../src/data/coco/cocoFile.js';
import { DetectionColumnsBuilder } from '../src/data/coco/detectionColumns.js';
import { writeCoco, writeResults } from '../src/data/coco/write.js';
import { evaluateCoco } from '../src/eval/cocoEval.js';
import { Random } from '../src/random.js';

const peers = ['pycocotools==2.0.11', 'faster-coco-eval==1.8.0'];

/** The targets: a share of the peer's total time. */
const targets = { pycocotools: 1 / 20, 'faster-coco-eval': 1 / 3 } as const;

interface Measurement {
  readonly name: string;
  /** Loading both files, evaluating, accumulating; without the start of the process. */
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly stats: readonly number[];
}

const { values: options } = parseArgs({
  options: { data: { type: 'string' }, runs: { type: 'string', default: '3' }, one: { type: 'boolean' } },
});
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cmtdet', 'bench-eval');

async function compare(): Promise<void> {
  const data = options.data ?? (await makeData(join(cache, 'data')));
  const python = installPeers(join(cache, 'venv'));
  const best = (measure: () => Measurement) =>
    Array.from({ length: Number(options.runs) }, measure).reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const ours = best(() => measureOursInProcess(data));
  const others = (['pycocotools', 'faster-coco-eval'] as const).map((name) =>
    best(() => measurePeer(python, name, data)),
  );
  print(`\nbest of ${options.runs} runs, ${data}, Node ${process.version}\n`);
  for (const { name, seconds, peakMegabytes, stats } of [ours, ...others]) {
    print(
      `${name.padEnd(18)}${seconds.toFixed(2).padStart(7)} s${peakMegabytes.toFixed(0).padStart(7)} MB   AP ${stats[0]}`,
    );
  }
  print('');
  let ok = true;
  for (const peer of others) {
    const share = ours.seconds / peer.seconds;
    const target = targets[peer.name as keyof typeof targets];
    const equal = peer.stats.every((value, i) => value === ours.stats[i]);
    const less = ours.peakMegabytes < peer.peakMegabytes;
    ok &&= equal && less && share <= target;
    const memory = `${(peer.peakMegabytes / ours.peakMegabytes).toFixed(1)} times as much memory`;
    print(
      `${peer.name}: ${(1 / share).toFixed(1)} times our time (aim: ${Math.round(1 / target)}), ${memory}; ` +
        `the 12 numbers are ${equal ? 'equal to the last bit' : 'NOT EQUAL'}`,
    );
  }
  if (!ok) process.exitCode = 1;
}

function measureOursInProcess(data: string): Measurement {
  const tool = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, [...process.execArgv, tool, '--one', '--data', data], {
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

function measureOurselves(data: string): void {
  const started = performance.now();
  const { stats } = evaluateCoco(join(data, 'instances.json'), join(data, 'detections.json'));
  const seconds = (performance.now() - started) / 1000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  print(
    JSON.stringify({ name: 'cmtdet', seconds, peakMegabytes, stats: Object.values(stats).map((value) => value ?? -1) }),
  );
}

/** Times a peer as its users call it, and prints its numbers in full. */
const peerProgram = `
import contextlib, io, json, resource, sys, time
if sys.argv[1] == 'pycocotools':
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
else:
    from faster_coco_eval import COCO, COCOeval_faster as COCOeval
start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[2] + '/instances.json')
    found = truth.loadRes(sys.argv[2] + '/detections.json')
    run = COCOeval(truth, found, 'bbox')
    run.evaluate()
    run.accumulate()
    run.summarize()
seconds = time.perf_counter() - start
unit = 1 << 20 if sys.platform == 'darwin' else 1 << 10
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
print(json.dumps({'name': sys.argv[1], 'seconds': seconds, 'peakMegabytes': peak, 'stats': [float(x) for x in run.stats[:12]]}))
`;

function measurePeer(python: string, name: string, data: string): Measurement {
  print(`${name} ...`, process.stderr);
  return JSON.parse(execFileSync(python, ['-c', peerProgram, name, data], { encoding: 'utf8' }));
}

/** @returns the environment's Python */
function installPeers(folder: string): string {
  const windows = process.platform === 'win32';
  const python = join(folder, windows ? 'Scripts/python.exe' : 'bin/python');
  if (!existsSync(python)) run(windows ? 'python' : 'python3', ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...peers]);
  return python;
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`, { cause: error });
}

/** Objects of all sizes with detections that are near one, near one of another category, or nowhere. */
async function makeData(folder: string): Promise<string> {
  if (existsSync(join(folder, 'detections.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  const random = new Random(2017);
  const categories = Array.from({ length: 80 }, (_, i) => ({ id: i + 1, name: `c${i + 1}` }));
  const sizes = [
    [640, 480],
    [640, 427],
    [480, 640],
    [500, 375],
  ] as const;
  const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
  const category = () => 1 + Math.floor(80 * random.next() ** 2); // few categories hold most objects
  const box = (W: number, H: number): BoxXywh => {
    const side = Math.sqrt(Math.exp(random.uniform(Math.log(60), Math.log(W * H * 0.6))));
    const stretch = Math.exp(random.normal(0, 0.25));
    const [w, h] = [Math.min(W - 1, side * stretch), Math.min(H - 1, side / stretch)];
    return [random.uniform(0, W - w), random.uniform(0, H - h), w, h].map((value) => round(value, 2)) as BoxXywh;
  };
  const images = Array.from({ length: 5000 }, (_, i) => {
    const [width, height] = sizes[random.int(sizes.length)]!;
    return { id: 1000 + 37 * i, file_name: `${i}.jpg`, width, height };
  });
  const annotations: CocoAnnotation[] = [];
  const detections = new DetectionColumnsBuilder();
  for (const { id: image_id, width, height } of images) {
    const count = Math.min(60, Math.floor(-7.3 * Math.log(1 - random.next())));
    const objects = Array.from({ length: count }, (): CocoAnnotation => {
      const bbox = box(width, height);
      const area = round(bbox[2] * bbox[3] * random.uniform(0.4, 0.95), 4);
      const id = annotations.length + 1;
      const object = {
        id,
        image_id,
        category_id: category(),
        bbox,
        area,
        iscrowd: random.bool(0.012) ? 1 : 0,
      } as const;
      annotations.push(object);
      return object;
    });
    for (let i = 0; i < 100; i++) {
      const near = count > 0 && random.bool(0.55) ? objects[random.int(count)]! : undefined;
      const spread = [0.03, 0.08, 0.2, 0.5][random.int(4)]!;
      const [x, y, w, h] = near?.bbox ?? box(width, height);
      const shift = () => (near ? random.normal(0, spread) : 0);
      const found = [x + shift() * w, y + shift() * h, w * Math.exp(shift()), h * Math.exp(shift())] as const;
      const [fx, fy, fw, fh] = found.map((value) => round(value, 3)) as BoxXywh;
      const score = near ? random.beta(2, 2) * (1 - spread) : random.beta(1, 6) * 0.8;
      const label = near && random.bool(0.75) ? near.category_id : category();
      detections.addXywh(image_id, label, fx, fy, fw, fh, round(Math.min(0.999, score + 0.05), 5));
    }
  }
  await writeCoco(join(folder, 'instances.json'), { images, annotations, categories });
  await writeResults(join(folder, 'detections.json'), detections.columns());
  return folder;
}

function print(line: string, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(`${line}\n`);
}

if (options.one) measureOurselves(options.data!);
else await compare();
