/** Uses of the engine that must not end the process; each test runs one in a process of its own, where a signal would show. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { DetectionConfig } from '../../src/config/schema.js';
import { CmtdetError } from '../../src/errors.js';
import { buildDetector } from '../../src/models/build.js';
import { describeDetector, numberedCategories } from '../../src/models/checkpoints/description.js';
import { Detector } from '../../src/models/detector.js';
import { Program } from '../../src/tensorflow/program.js';

const config = DetectionConfig.parse({
  task: 'detection',
  model: {
    backbone: {
      name: 'cmt',
      biasSize: 64,
      variant: { dims: [8, 16, 32, 64], stemChannels: 4, depths: [1, 1, 1, 1], ratio: 2 },
    },
    neck: { channels: 32, levels: ['P3', 'P4', 'P5'] },
  },
  data: { train: { annotations: 'a', images: 'b' } },
});
const detector = () => {
  const categories = numberedCategories(2);
  return new Detector(buildDetector(config.model, 2), describeDetector(config, categories), {
    fuse: false,
    optimize: false,
  });
};
const pixels = (height: number, width: number, bytes = height * width * 3) => ({
  data: new Uint8Array(bytes),
  height,
  width,
});
const batch = (height: number, width: number, changes: object = {}) => ({
  images: new Uint8Array(Math.abs(height * width) * 3),
  batchSize: 1,
  height,
  width,
  inputSizes: Int32Array.of(Math.abs(height), Math.abs(width)),
  ...changes,
});
const sizes = [{ height: 64, width: 64 }];
const double = (program: Program) => program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.mul(x, 2) }));
const ones = (length: number) => ({ x: { data: new Float32Array(length).fill(1), shape: [length] } });

const cases: Readonly<Record<string, () => Promise<unknown>>> = {
  async disposeTwice() {
    const used = detector();
    await used.detect(pixels(64, 64));
    await Promise.all([used.dispose(), used.dispose()]);
    await used.dispose();
    await detector().dispose(); // never used
  },
  async afterDispose() {
    const used = detector();
    await used.detect(pixels(64, 64));
    await used.dispose();
    const calls = [
      () => used.detect(pixels(64, 64)),
      () => used.detect(pixels(200, 64)),
      () => used.refresh(),
      () => used.profile(async () => {}),
      () => used.plan(async () => {}),
    ];
    for (const call of calls) await refused(call, 'after its disposal');
  },
  async disposeDuringFirstCall() {
    const used = detector();
    const calls = [used.detect(pixels(64, 64)), used.detect(pixels(128, 64)), used.detect(pixels(64, 64))];
    await used.dispose();
    await Promise.all(calls);
    for (let wait = 0; wait < 12; wait++) {
      const other = detector();
      const call = other.detect(pixels(64, 64));
      await sleep(wait * 40);
      await other.dispose();
      await call;
    }
  },
  async wrongInputs() {
    await using used = detector();
    const wrong = [
      batch(-64, -64),
      batch(64, 64, { height: -64, width: -64, batchSize: 1 }),
      batch(64, 64, { batchSize: -1 }),
      batch(64, 64, { batchSize: 0 }),
      batch(64, 64, { batchSize: 2 }),
      batch(64, 64, { images: new Uint8Array(10) }),
      batch(64, 64, { images: new Float32Array(64 * 64 * 3) }),
      batch(64, 64, { images: [1, 2, 3] }),
      batch(64, 64, { images: undefined }),
      batch(64, 64, { inputSizes: Int32Array.of(64) }),
      batch(64, 64, { inputSizes: Float32Array.of(64, 64) }),
      batch(64, 64, { inputSizes: Int32Array.of(-5, 64) }),
      batch(64, 64, { inputSizes: Int32Array.of(640, 64) }),
      batch(64, 64, { height: 63 }),
      batch(64, 64, { height: 64.5 }),
      batch(64, 64, { height: Number.NaN }),
      batch(64, 64, { height: 2 ** 30, width: 2 ** 30 }),
      batch(64, 64, { height: '64' }),
    ];
    for (const input of wrong) await refused(() => used.detectBatch(input as never, sizes), 'expected');
    await refused(() => used.detectBatch(batch(64, 64), [...sizes, ...sizes]), 'originalSizes');
    await refused(() => used.detectBatch(batch(64, 64), [{ height: -1, width: 4 }]), 'originalSizes');
    const pictures = [pixels(64, 64, 10), pixels(1e6, 1e6, 10), pixels(-4, -4, 48), pixels(1.5, 2, 9), {}, null, 7];
    for (const picture of pictures) await refused(() => used.detect(picture as never), 'expected');
    await refused(() => used.detect(new Uint8Array(0)), 'empty');
    const options = [
      { scoreThreshold: Number.NaN },
      { scoreThreshold: 1.1 },
      { nmsIou: -0.1 },
      { nmsIou: '0.5' },
      { maxDetections: Number.NaN },
      { maxDetections: 0 },
    ];
    for (const asked of options) await refused(() => used.detect(pixels(64, 64), asked as never), 'expected a number');
    await used.detect(pixels(64, 64));
  },
  async twoPrograms() {
    const [a, b] = [new Program(), new Program()];
    const [f, g] = [double(a), double(b)];
    const calls = [f(ones(1)), g(ones(1)), f(ones(2)), g(ones(3))];
    await a.dispose();
    await g(ones(4));
    await Promise.all(calls);
    await b.dispose();
  },
  async disposeInsideOfACallback() {
    const program = new Program();
    const f = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      void program.dispose();
      return { y: tf.add(x, 1) };
    });
    await f(ones(2));
    await refused(() => f(ones(2)), 'after its disposal');
    const other = new Program();
    const g = double(other);
    await other.profile(async () => {
      await g(ones(1));
      await other.dispose();
      await refused(() => g(ones(1)), 'after its disposal');
    });
  },
  async errorsInsideOfATrace() {
    await using program = new Program({ maxTraces: 3 });
    let throwing = true;
    const f = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      const y = tf.mul(x, 3);
      if (throwing) throw new TypeError('from the function');
      return { y };
    });
    for (let i = 0; i < 5; i++) await f(ones(2)).then(Promise.reject.bind(Promise), () => {});
    throwing = false;
    await f(ones(2));
    const nested = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      void f(ones(9)).catch(() => {});
      return { y: tf.neg(x) };
    });
    await nested(ones(1)).catch(() => {});
    await f(ones(2));
  },
  async worker() {
    const module = new URL('./engineInWorker.ts', import.meta.url);
    const code = `import('tsx/esm/api').then(({ register }) => (register(), import('${module}')))`;
    const start = (workerData?: string) => new Worker(code, { eval: true, workerData });
    await using program = new Program();
    const f = double(program);
    const answers = await Promise.all([1, 2].map(() => answerOf(start())));
    await f(ones(1));
    if (answers.join() !== '6,6') throw new Error(`answers ${answers}`);
    const ended = start('busy');
    await new Promise((resolve) => ended.once('message', resolve));
    await ended.terminate(); // while its program runs
    await f(ones(2));
  },
  async exitDuringARun() {
    void detector().detect(pixels(640, 640));
    await sleep(1500);
    console.log('done');
    process.exit();
  },
};

const answerOf = (worker: Worker) =>
  new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));

async function refused(call: () => Promise<unknown>, part: string): Promise<void> {
  const error = await call().then(
    () => new Error(`was accepted: ${call}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CmtdetError) || !error.message.includes(part)) throw error;
}

export type Abuse = keyof typeof cases;
const [name] = process.argv.slice(2);
await cases[name!]!();
console.log('done');
