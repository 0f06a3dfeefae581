/** What the training loop asks of a task: classification and detection differ in nothing else. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Repair } from '../data/repairs.js';
import type { ScoreCounts } from '../eval/scoreCounts.js';
import type { ModelDescription } from '../models/checkpoints/description.js';
import type { LossParts } from '../models/heads/denseHead.js';
import type { ForwardContext, Module } from '../nn/module.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import type { EventPicture } from './eventFile.js';

/** What was measured, by name; null where there was nothing to measure. */
export type Metrics = Readonly<Record<string, number | null>>;

export interface Task<Batch> {
  readonly model: Module;
  /** What must not have changed when a run is resumed, as text by name. */
  readonly identity: Readonly<Record<string, string>>;
  /** The metric that chooses the best checkpoint; larger is better. */
  readonly bestMetric: string;
  batchesPerEpoch(epoch: number): number;
  /** The batches of an epoch from `skip` on, the same whenever they are asked for. */
  batches(epoch: number, skip: number): AsyncIterable<Batch>;
  /** Names of the pictures that are being read for the next batches, the oldest first. */
  underWay(): readonly string[];
  /** Pictures in a batch. */
  readonly batchSize: number;
  /** How many different shapes its batches can have: each is traced and compiled at its first batch. */
  readonly shapes: number;
  /** The batch as arrays for the traced step. */
  feed(batch: Batch): Readonly<Record<string, HostTensor>>;
  /** Names the pictures of a batch, for messages. */
  files(batch: Batch): readonly string[];
  /** Records the loss of a batch. */
  loss(inputs: Readonly<Record<string, tf.Tensor>>, ctx: ForwardContext): LossParts<string>;
  /** Whether there is a val set. */
  readonly measures: boolean;
  /** Measures weights, given by parameter name, on the val set. */
  evaluate(
    values: ReadonlyMap<string, Float32Array>,
    onProgress: (done: number, total: number) => void,
  ): Promise<Metrics>;
  /** The first pictures of the val set that can be read, with what the weights that were measured last find in them, by name. */
  examples(count: number): Promise<ReadonlyMap<string, EventPicture>>;
  /** Precision by recall of what was measured last; empty where a task has none. */
  curves(): readonly ScoreCounts[];
  /** What a checkpoint of these weights says of itself. */
  describe(progress: { epoch: number; step: number; metrics: Metrics }): ModelDescription;
}

/** Hears what happens; says it to a person, or not. */
export interface TrainObserver {
  /** Before the first batch of a shape, which is traced and compiled: a step of many seconds. @param shape its number, from 1 @param of how many there can be */
  onPreparing(shape: number, of: number): void;
  /** After each update, however many batches it takes; not where it was left out. */
  onStep(event: StepEvent): void;
  onEvaluating(done: number, total: number): void;
  onEvaluated(epoch: number, metrics: Metrics, best: boolean): void;
  /** The run ends before its last epoch, since it gets no better; `reason` is a clause. */
  onEarlyEnd?(reason: string): void;
  /** Something that a person should know and that does not end the run. */
  onWarning(message: string): void;
}

export interface StepEvent {
  /** From 0. */
  readonly epoch: number;
  /** null where time alone ends the run. */
  readonly epochs: number | null;
  /** Updates made in all, and in the whole run if time does not end it before; null where nothing else does. */
  readonly step: number;
  readonly steps: number | null;
  readonly learningRate: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  /** Pictures a second, over the last steps. */
  readonly rate: number;
  /** Share of the time that was spent waiting for data, over the last steps. */
  readonly waiting: number;
  /** Without measurements. null while steps have only been traced, when it is not known yet. */
  readonly secondsLeft: number | null;
}

/** Hears what is odd about the data. */
export interface DataEvents {
  readonly onWarning: (message: string) => void;
  /** A picture that training goes on without. */
  readonly onSkipped: (picture: { readonly file: string; readonly reason: string }) => void;
  /** What was mended in a data set or left out of it, one kind after the other. */
  readonly onRepair: (source: string, repair: Repair) => void;
  /** How many pictures of a data set have been looked at before the first step; `done` comes to `total`. */
  readonly onLooked?: ((done: number, total: number) => void) | undefined;
}
