/**
 * Speed beside PyTorch, on this machine and in one run.
 *
 *   npm run bench -- [--quick] [--compile] [--out FILE]
 *
 * For each network and mode, cmtdet and the PyTorch twin (tools/bench/pytorch/twin.py; check.py beside it holds the twin to
 * the authors' numbers) are measured in turn, each in a process of its own, three rounds (--quick: one). A ratio is our rate
 * over that of PyTorch's fastest mode; --compile adds torch.compile to its modes, which takes minutes and a C++ compiler.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    compile: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const cases = [
  { name: 'cmt_s/train', variant: 'cmt_s', mode: 'train', steps: 4 },
  { name: 'cmt_s/forward', variant: 'cmt_s', mode: 'forward', steps: 8 },
  { name: 'cmt_ti/train', variant: 'cmt_ti', mode: 'train', steps: 6 },
  { name: 'cmt_ti/forward', variant: 'cmt_ti', mode: 'forward', steps: 12 },
] as const;
const batch = 8;
const rounds = options.quick ? 1 : 3;
const peers = ['default', 'channels_last', ...(options.compile ? ['compile'] : [])];

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A Python with PyTorch, in a folder that is kept for the next time. */
function python(): string {
  const folder = join(tmpdir(), 'cmtdet-bench-venv');
  const binary = join(folder, 'bin', 'python');
  if (!existsSync(join(folder, 'ready'))) {
    console.error(`installing PyTorch into ${folder} (about 3 GB, once)`);
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    execFileSync(binary, ['-m', 'pip', 'install', '--quiet', 'torch==2.9.1', 'numpy', 'safetensors'], {
      stdio: 'inherit',
    });
    writeFileSync(join(folder, 'ready'), '');
  }
  return binary;
}

interface Measurement {
  readonly seconds: readonly number[];
  readonly peakMb: number;
}

function measure(command: string, args: readonly string[]): Measurement {
  const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const interpreter = python();
const ratios: Record<string, number> = {};
const details: Record<string, unknown> = {};
for (const { name, variant, mode, steps } of cases) {
  const found: Record<string, Measurement[]> = { cmtdet: [] };
  for (const peer of peers) found[peer] = [];
  for (let round = 0; round < rounds; round++) {
    const common = [variant, String(batch), mode, String(steps)];
    found.cmtdet!.push(measure('npx', ['tsx', here('./bench/ours.ts'), ...common]));
    for (const peer of peers)
      found[peer]!.push(measure(interpreter, [here('./bench/pytorch/step.py'), ...common, peer]));
  }
  const rates = Object.fromEntries(
    Object.entries(found).map(([who, runs]) => [who, batch / median(runs.flatMap(({ seconds }) => seconds))]),
  );
  const fastest = Math.max(...peers.map((peer) => rates[peer]!));
  ratios[name] = rates.cmtdet! / fastest;
  const memory = Object.fromEntries(
    Object.entries(found).map(([who, runs]) => [who, Math.round(Math.max(...runs.map(({ peakMb }) => peakMb)))]),
  );
  details[name] = { imagesPerSecond: rates, peakMb: memory, runs: found };
  const list = Object.entries(rates).map(([who, rate]) => `${who} ${rate.toFixed(2)}`);
  console.log(
    `${name.padEnd(16)} ratio ${ratios[name]!.toFixed(2)}   img/s: ${list.join(', ')}   MB: ${JSON.stringify(memory)}`,
  );
}
if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify({ ratios, details }, null, 2)}\n`);
