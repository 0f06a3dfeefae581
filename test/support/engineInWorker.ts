/** In a worker thread: answers with twice three; where it is told to be busy, answers once and runs on. */
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { Program } from '../../src/tensorflow/program.js';

const program = new Program();
const f = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
  y: tf.sum(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D)),
}));
const side = workerData === 'busy' ? 1500 : 1;
const x = { data: new Float32Array(side * side).fill(Math.sqrt(6)), shape: [side, side] };
const { y } = await f({ x });
parentPort!.postMessage(Math.round(Number(y.data[0])));
while (workerData === 'busy') await f({ x });
await program.dispose();
