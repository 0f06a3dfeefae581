/** How much memory a model's training and inference will take: from their graphs, before anything runs. */
import { totalmem } from 'node:os';
import { networkOf } from '../models/build.js';
import { memoryNeed } from '../tensorflow/memory.js';
import { inferenceWorkload, trainingWorkload, type Workload } from '../train/workload.js';
import type { InputSize, NamedModel } from './namedModel.js';

/** Of a process on a CPU, at its peak. */
export interface MemoryEstimate {
  /** Weights, statistics, what the optimizer keeps, and the weights' copy in JavaScript. */
  readonly variableBytes: number;
  /** Values between operations, with what the allocator cannot use between them. */
  readonly valueBytes: number;
  /** Node, TensorFlow, the graph and its compiled parts. */
  readonly programBytes: number;
  readonly totalBytes: number;
}

export interface MemoryReport {
  readonly batch: number;
  readonly train: MemoryEstimate;
  readonly inference: MemoryEstimate;
  /** Of this machine. */
  readonly machineBytes: number;
  /** To train with, in that memory. 0: not even one picture fits. */
  readonly largestBatch: number;
}

/** Measured with tools/memory-check.ts, which holds the estimate to what processes take. */
const overhead = { emptyBytes: 660 * 2 ** 20, bytesPerOperation: 29 * 2 ** 10, valueFactor: 1.2 } as const;

/** Traces a training step and inference, and adds up what they need. */
export async function estimateMemory(
  { config, classes }: NamedModel,
  [height, width]: InputSize,
  batch = config.train.batchSize,
): Promise<MemoryReport> {
  const network = networkOf(config, classes);
  const weightBytes = 4 * [...network.parameters()].reduce((sum, [, { size }]) => sum + size, 0);
  const of = (make: typeof trainingWorkload, copies: number, pictures = batch) =>
    estimateOf(make(config, classes, { batch: pictures, height, width }), copies * weightBytes);
  const train = await of(trainingWorkload, 1);
  const other = await of(trainingWorkload, 1, 2 * batch);
  const machineBytes = totalmem();
  return {
    batch,
    train,
    // What inference reads follows from the weights (docs/decisions/0010-recompute.md), which are kept besides.
    inference: await of(inferenceWorkload, 2),
    machineBytes,
    largestBatch: largestBatch(batch, train.totalBytes, other.totalBytes, machineBytes),
  };
}

/** @param copyBytes of the weights, besides the variables that the graph reads */
async function estimateOf(workload: Workload, copyBytes: number): Promise<MemoryEstimate> {
  try {
    const plan = await workload.plan();
    const need = memoryNeed(plan);
    const variableBytes = need.variableBytes + copyBytes;
    const valueBytes = overhead.valueFactor * need.peakBytes;
    const programBytes = overhead.emptyBytes + overhead.bytesPerOperation * plan.operations.length;
    return { variableBytes, valueBytes, programBytes, totalBytes: variableBytes + valueBytes + programBytes };
  } finally {
    await workload.dispose();
  }
}

/** Memory grows with the batch along a line: where that meets the limit. @param twice bytes of 2 · `batch` pictures */
export function largestBatch(batch: number, bytes: number, twice: number, limit: number): number {
  const each = (twice - bytes) / batch;
  return Math.max(0, Math.floor(batch + (limit - bytes) / each));
}
