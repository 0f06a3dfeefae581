/**
 * Whether long work stays bounded: npx tsx tools/soak.ts [--steps 3000] [--pictures 300] [--json]
 *
 * Trains a tiny detector on batches of several shapes, then detects in pictures each of another size. Resident memory (its slope
 * after a third of the work, by least squares), open handles and threads, a row for each tenth. Needs Linux' /proc for the last two.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { print, printJson, table } from '../src/cli/console.js';
import { loadConfig } from '../src/config/load.js';
import { generateShapes } from '../src/data/shapes/generate.js';
import { Detector } from '../src/models/detector.js';
import { train } from '../src/run/train.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '3000' },
    pictures: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
const [steps, pictures] = [Number(values.steps), Number(values.pictures)];

interface Sample {
  readonly done: number;
  readonly residentMb: number;
  readonly handles: number | null;
  readonly threads: number | null;
}

const countIn = (folder: string): number | null => {
  try {
    return readdirSync(folder).length;
  } catch {
    return null;
  }
};

function sample(done: number): Sample {
  const residentMb = process.memoryUsage.rss() / 2 ** 20;
  return { done, residentMb, handles: countIn('/proc/self/fd'), threads: countIn('/proc/self/task') };
}

/** MB a thousand steps or pictures, over what comes after the first third. */
function slope(samples: readonly Sample[]): number {
  const late = samples.filter(({ done }) => done >= samples.at(-1)!.done / 3);
  const mean = (of: (one: Sample) => number) => late.reduce((sum, one) => sum + of(one), 0) / late.length;
  const [x, y] = [mean(({ done }) => done), mean(({ residentMb }) => residentMb)];
  const covariance = mean(({ done, residentMb }) => (done - x) * (residentMb - y));
  return (1000 * covariance) / mean(({ done }) => (done - x) ** 2);
}

/** Trains, and leaves a checkpoint. */
async function soakTraining(folder: string): Promise<{ samples: Sample[]; checkpoint: string }> {
  const count = 64;
  const batch = 2;
  const { splits } = await generateShapes(join(folder, 'data'), { train: count, val: 2 });
  const { annotations, images } = splits.train;
  const config = await loadConfig('configs/smoke.yaml', [
    `data.train={ annotations: ${annotations}, images: ${images} }`,
    'data.val=null',
    'data.multiScale=[64, 80, 96, 112, 128]',
    `train.batchSize=${batch}`,
    `train.epochs=${Math.ceil((steps * batch) / count)}`,
  ]);
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(steps / 30));
  const onStep = ({ step }: { readonly step: number }) => {
    if (step % every === 0) samples.push(sample(step));
  };
  const run = join(folder, 'run');
  await train({ config, run, observer: { onStep } });
  return { samples, checkpoint: join(run, 'last.safetensors') };
}

/** Pictures of sizes that differ in both sides. */
async function soakDetection(checkpoint: string): Promise<Sample[]> {
  const detector = Detector.load(checkpoint);
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(pictures / 30));
  for (let i = 1; i <= pictures; i++) {
    const [width, height] = [64 + i, 64 + ((i * 7) % 301)];
    await detector.detect({ width, height, data: new Uint8Array(width * height * 3).fill(i % 256) });
    if (i % every === 0) samples.push(sample(i));
  }
  await detector.dispose();
  return samples;
}

const folder = mkdtempSync(join(tmpdir(), 'cmtdet-soak-'));
try {
  const { samples, checkpoint } = await soakTraining(folder);
  const parts = { training: samples, detection: await soakDetection(checkpoint) };
  if (values.json) {
    const slopes = Object.fromEntries(Object.entries(parts).map(([part, of]) => [part, slope(of)]));
    printJson({ slopeMbPerThousand: slopes, ...parts });
  } else {
    for (const [part, of] of Object.entries(parts)) {
      const rows = of
        .filter((_, i) => i % Math.ceil(of.length / 10) === 0 || i === of.length - 1)
        .map(({ done, residentMb, handles, threads }) => [
          ...[done, residentMb.toFixed(0), handles ?? 'n/a', threads ?? 'n/a'],
        ]);
      print(table([part, 'resident MB', 'handles', 'threads'], rows));
      print(`slope after the first third: ${slope(of).toFixed(1)} MB a thousand\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
