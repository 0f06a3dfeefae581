/**
 * `serve` beside a bare loop over `detect`: many requests at once, pictures a second, errors, and what the server's memory comes to.
 *
 *   npx tsx tools/bench-serve.ts CKPT FOLDER [--requests 200]
 *
 * All requests are begun at once. The server is a process of its own, the compiled `cmtdet serve` (npm run setup); the loop runs before and after it,
 * since other work on the machine comes and goes. Memory is that of the process, in MB: before the requests, and at most during them.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Detector } from '../src/models/detector.js';
import { pictureInputs } from '../src/run/pictureInputs.js';

const { positionals, values } = parseArgs({
  options: { requests: { type: 'string', default: '200' } },
  allowPositionals: true,
});
const [checkpoint, folder] = positionals as [string, string];
const count = Number(values.requests);
const files = (await pictureInputs([folder])).slice(0, count);
const pictures = files.map((file) => new Uint8Array(readFileSync(file)));
const pictureOf = (i: number) => pictures[i % pictures.length]!;

/** Pictures a second, after each shape has been prepared. */
async function bare(): Promise<number> {
  const detector = Detector.load(checkpoint);
  const loop = async (many: number) => {
    for (let i = 0; i < many; i++) await detector.detect(pictureOf(i), { scoreThreshold: 0.3 });
  };
  await loop(Math.min(count, 20));
  const started = performance.now();
  await loop(count);
  const rate = (1000 * count) / (performance.now() - started);
  await detector.dispose();
  return rate;
}

async function startServer(): Promise<{ readonly child: ChildProcess; readonly address: string }> {
  const args = ['bin/cmtdet.js', 'serve', checkpoint, '--port', '0', '--no-page', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += text;
    if (said.trim().endsWith('}')) break;
  }
  return { child, address: JSON.parse(said).address };
}

const megabytes = (pid: number) =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;

async function served() {
  const { child, address } = await startServer();
  const post = async (i: number) => {
    const answer = await fetch(`${address}/detect?score=0.3`, { method: 'POST', body: pictureOf(i) });
    await answer.arrayBuffer();
    return answer.status;
  };
  for (let i = 0; i < Math.min(count, 20); i++) await post(i);
  const before = megabytes(child.pid!);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, megabytes(child.pid!));
  }, 200);
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => post(i)));
  const rate = (1000 * count) / (performance.now() - started);
  clearInterval(watch);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { rate, failed: answers.filter((status) => status !== 200).length, before, most };
}

const first = await bare();
const { rate, failed, before, most } = await served();
const last = await bare();
const alone = 2 / (1 / first + 1 / last);
console.log(
  `${count} requests at once: ${failed} failed, ${rate.toFixed(2)} pictures a second; bare detect ${alone.toFixed(2)} (${first.toFixed(2)} before, ${last.toFixed(2)} after): ${(rate / alone).toFixed(2)}`,
);
console.log(`memory of the server: ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`);
