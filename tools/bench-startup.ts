/**
 * How long a user waits for a first answer: npx tsx tools/bench-startup.ts [--runs N] [--out FILE]
 *
 * `import 'cmtdet'` and its two parts without TensorFlow (the import alone, in a new process); `cmtdet --help`, and `cmtdet predict` of one picture with a fresh RetinaNet of CMT-Ti, for inputs of 800 and of 320 pixels on
 * the short side: each N times (5) in a process of its own, from the compiled program (`npm run setup` first). A run before
 * those, which brings the files into the system's cache, is not counted.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { table } from '../src/cli/console.js';
import { buildDetector } from '../src/models/build.js';
import { describeDetector, numberedCategories } from '../src/models/checkpoints/description.js';
import { saveModel } from '../src/models/checkpoints/modelFile.js';
import { Random } from '../src/random.js';
import { findModel } from '../src/run/namedModel.js';
import { describeMachine } from './bench/machine.js';
import { summary } from './bench/statistics.js';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, out: { type: 'string' } },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const command = join(root, 'bin', 'cmtdet.js');
const folder = mkdtempSync(join(tmpdir(), 'cmtdet-startup-'));
try {
  const picture = await makePicture();
  const results: Record<string, readonly number[]> = {
    ...Object.fromEntries(
      ['', '/eval', '/data'].map((part) => [`import 'cmtdet${part}'`, importTimes(`cmtdet${part}`)]),
    ),
    '--help': timesOf(['--help']),
  };
  for (const [shortSide, longSide] of [
    [320, 533],
    [800, 1333],
  ] as const) {
    const checkpoint = await makeCheckpoint(shortSide, longSide);
    results[`predict, short side ${shortSide}`] = timesOf([
      'predict',
      checkpoint,
      picture,
      '--out',
      join(folder, 'out'),
    ]);
  }
  const rows = Object.entries(results).map(([name, ms]) => {
    const { median, quartiles } = summary(ms);
    return [name, median.toFixed(0), quartiles.map((value) => value.toFixed(0)).join(' - ')];
  });
  console.log(table(['', 'ms', 'quartiles'], rows));
  if (options.out !== undefined)
    writeFileSync(options.out, `${JSON.stringify({ machine: describeMachine(), ms: results }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** ms of each run, from start to end of the process. */
function timesOf(args: readonly string[]): number[] {
  const once = () => {
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`cmtdet ${args[0]} ended with ${status}: ${stderr}`);
    return performance.now() - started;
  };
  once();
  return Array.from({ length: Number(options.runs) }, once);
}

/** ms that the import took in each of the processes, without the start of Node. */
function importTimes(name: string): number[] {
  const program = `const started = performance.now(); await import('${name}'); console.log(performance.now() - started);`;
  const args = ['--input-type=module', '--eval', program]; // in this folder, the package's own name leads to what is compiled
  const once = () => Number(spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout);
  once();
  return Array.from({ length: Number(options.runs) }, once);
}

/** A JPEG of 640 x 480 pixels. */
async function makePicture(): Promise<string> {
  const random = new Random(1);
  const raw = { width: 640, height: 480, channels: 3 } as const;
  const pixels = Uint8Array.from({ length: raw.width * raw.height * 3 }, () => random.int(256));
  const file = join(folder, 'picture.jpg');
  await sharp(pixels, { raw }).blur(8).jpeg().toFile(file);
  return file;
}

async function makeCheckpoint(shortSide: number, longSide: number): Promise<string> {
  const { config, classes } = await findModel('retinanet_cmt_ti');
  if (config.task !== 'detection') throw new Error('retinanet_cmt_ti is a detector');
  const file = join(folder, `${shortSide}.safetensors`);
  const sized = { ...config, data: { ...config.data, shortSide, longSide } };
  await saveModel(file, buildDetector(config.model, classes), describeDetector(sized, numberedCategories(classes)));
  return file;
}
