/** An update of a run, done again without changing anything: what each of its pictures costs. */
import { existsSync } from 'node:fs';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Config } from '../config/schema.js';
import { CheckpointError, UsageError } from '../errors.js';
import { jsonLines } from '../formats/jsonLines.js';
import type { LossParts } from '../models/heads/denseHead.js';
import type { ForwardContext, Module } from '../nn/module.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { Program } from '../tensorflow/program.js';
import { changesOf, type RunIdentity, runIdentity } from './changes.js';
import { classificationLossOfEach } from './classificationBatch.js';
import { ClassificationTask } from './classificationTask.js';
import { detectionLossOfEach } from './detectionBatch.js';
import { DetectionTask } from './detectionTask.js';
import { engineOptions } from './engineOptions.js';
import { MetricsLog } from './metricsLog.js';
import { Pace } from './pace.js';
import { type PreviewPicture, seeClassification, seeDetection } from './preview.js';
import { lookInto } from './runFolder.js';
import { type Progress, type RunState, readState, startOfRun } from './state.js';
import { TrainingContext } from './step.js';
import type { DataEvents, Task } from './task.js';

/** A picture, and what it adds to the loss of its batch; more than once where it fills up a batch. */
export interface ReplayedPicture extends PreviewPicture {
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
}

export interface ReplayedBatch {
  /** From 1. */
  readonly epoch: number;
  /** Place in the epoch, from 1. */
  readonly batch: number;
  /** Sum over the pictures: what the run had, where the weights are the same. */
  readonly loss: number;
  readonly pictures: readonly ReplayedPicture[];
}

export interface Replay {
  /** Updates that the weights had behind them; `step` - 1 where they are the very weights of the step. */
  readonly weightsOf: number;
  /** What the run noted of the step's loss; null: nothing. */
  readonly logged: number | null;
  readonly batches: readonly ReplayedBatch[];
}

/** Where a batch of a run is. */
interface Place {
  readonly epoch: number;
  /** Batches of the epoch before it. */
  readonly skip: number;
  readonly draw: number;
}

/** A task whose batches can be run, and looked at. */
interface Replayed<Batch> {
  readonly task: Task<Batch> & { readonly model: Module; close(): Promise<void> };
  readonly lossOfEach: (inputs: Readonly<Record<string, Tensor>>, ctx: ForwardContext) => LossParts<string>[];
  readonly see: (batch: Batch, draw: number) => Promise<PreviewPicture[]>;
}

/**
 * @param path of the run's folder, which is only read
 * @param config of the run
 * @param step number of the update, from 1
 * @throws UsageError when the run has no such step, or its batches cannot be made again: of several processes, or of other data
 * @throws CheckpointError when no state is whole
 */
export async function replayStep(path: string, config: Config, step: number, events: DataEvents): Promise<Replay> {
  const program = new Program(engineOptions(config.engine));
  const looking = new Program({ fuse: false, optimize: false }); // one batch: optimising the graph would take longer than it saves
  try {
    if (config.task === 'detection') {
      const task = await DetectionTask.open({ ...config, data: { ...config.data, val: null } }, events);
      const lossOfEach: Replayed<never>['lossOfEach'] = (inputs, ctx) => detectionLossOfEach(task.model, inputs, ctx);
      return await replay(path, config, step, program, { task, lossOfEach, see: seeDetection(looking, task) });
    }
    const task = await ClassificationTask.open({ ...config, data: { ...config.data, val: null } }, events);
    const lossOfEach: Replayed<never>['lossOfEach'] = (inputs, ctx) =>
      classificationLossOfEach(task.model, config.data, inputs, ctx);
    return await replay(path, config, step, program, {
      task,
      lossOfEach,
      see: seeClassification(looking, task, config),
    });
  } finally {
    await program.dispose();
    await looking.dispose();
  }
}

async function replay<Batch>(
  path: string,
  config: Config,
  step: number,
  program: Program,
  { task, lossOfEach, see }: Replayed<Batch>,
): Promise<Replay> {
  try {
    const incidents = incidentsOf(lookInto(path).incidents, step);
    const log = new MetricsLog(lookInto(path).metrics).lines('train');
    const made = log.at(-1)?.step ?? 0;
    // A run that was killed may have come so much further than its log. Without this, one that only time ends has any step.
    if (incidents.length === 0 && step > made + config.train.logEvery)
      throw new UsageError(`the run has made ${made} steps, and no step ${step}`);
    const state = stateBefore(lookInto(path).states, step);
    checkSameBatches(state, runIdentity(task, config));
    const places = incidents.length > 0 ? incidents : placesOf(step, new Pace(config.train, task), task);
    putWeights(task.model, state);
    const run = program.compile((inputs: Record<string, Tensor>) => {
      const { seed, ...fed } = inputs;
      const each = lossOfEach(fed, new TrainingContext(seed as Tensor1D));
      return Object.fromEntries(
        each.flatMap((parts, i) => Object.entries(parts).map(([name, x]) => [`${i}/${name}`, x])),
      );
    });
    const batches: ReplayedBatch[] = [];
    for (const { epoch, skip, draw } of places) {
      const batch = await firstOf(task.batches(epoch, skip));
      if (batch === undefined) throw new UsageError(`the data has no batch ${skip + 1} in epoch ${epoch + 1} any more`);
      const seed = { data: Int32Array.of(config.train.seed, draw), shape: [2] };
      const found = await run({ ...task.feed(batch), seed });
      const seen = await see(batch, draw);
      const pictures = seen.map((picture, i) => ({ ...picture, ...lossesOf(found, i, seen.length) }));
      batches.push({ epoch: epoch + 1, batch: skip + 1, loss: sumOf(Object.values(found)), pictures });
    }
    const logged = log.find((line) => line.step === step)?.loss;
    return { weightsOf: state.header.progress.updates, logged: typeof logged === 'number' ? logged : null, batches };
  } finally {
    await task.close();
  }
}

const Incident = z.object({ step: z.int(), epoch: z.int(), batch: z.int(), draw: z.int() });

/** The batches of a step that the run listed since something was wrong with them; of several tries the last. */
function incidentsOf(file: string, step: number): Place[] {
  const found = jsonLines(file)
    .map((line) => Incident.safeParse(line).data)
    .filter((incident) => incident?.step === step);
  return found
    .slice(-1)
    .map((incident) => ({ epoch: incident!.epoch - 1, skip: incident!.batch - 1, draw: incident!.draw }));
}

/** The batches of a step, by counting from the beginning. None may have been left out before it. */
function placesOf(step: number, pace: Pace, task: Pick<Task<unknown>, 'batchesPerEpoch'>): Place[] {
  let progress: Progress = startOfRun;
  while (!pace.isOver(progress)) {
    const count = Math.min(pace.batchesOfUpdate(progress.epoch), task.batchesPerEpoch(progress.epoch) - progress.batch);
    const { epoch, batch, draws, updates } = progress;
    if (updates === step - 1)
      return Array.from({ length: count }, (_, i) => ({ epoch, skip: batch + i, draw: draws + i }));
    progress = pace.afterUpdate(
      { ...progress, batch: batch + count, draws: draws + count, updates: updates + 1 },
      false,
    );
  }
  throw new UsageError(`the run has ${progress.updates} steps, and no step ${step}`);
}

/** The newest whole state from before a step; where there is none, the oldest of those after it. */
function stateBefore(paths: readonly string[], step: number): RunState {
  const states = paths.filter((file) => existsSync(file)).flatMap(readIfWhole);
  const before = states.filter(({ header }) => header.progress.updates < step);
  const state = before[0] ?? states.at(-1);
  if (state === undefined)
    throw new CheckpointError(paths[0]!, [{ at: 'state', message: 'none that is whole is there' }]);
  return state;
}

/** @throws UsageError when what is here now makes other batches than the run had */
function checkSameBatches({ header }: RunState, now: RunIdentity): void {
  const isOfBatches = (at: string) => at in now.identity && at !== 'val data';
  const changes = changesOf(header, now).filter(({ at }) => isOfBatches(at));
  if (changes.length === 0) return;
  const lines = changes.map(({ at, before, now }) => `  ${at}: the run had ${before}, here it is ${now}`);
  throw new UsageError(
    ['the batches of this run cannot be made again:', ...lines].join('\n') +
      '\nreplay is for runs of one process, with the config and the data that they had.',
  );
}

function readIfWhole(path: string): RunState[] {
  try {
    return [readState(path)];
  } catch (error) {
    if (error instanceof CheckpointError) return [];
    throw error;
  }
}

function putWeights(model: Module, { path, tensors }: RunState): void {
  for (const [name, parameter] of model.parameters()) {
    const array = tensors.get(`model/${name}`);
    if (array === undefined)
      throw new CheckpointError(path, [
        { at: `model/${name}`, message: 'the state is of another network than config.yaml' },
      ]);
    parameter.value = array.data as Float32Array;
  }
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

/** Of picture i at all its places: those after the `distinct` ones repeat the pictures in turn. */
function lossesOf(found: Readonly<Record<string, HostTensor>>, i: number, distinct: number) {
  const parts: Record<string, number> = {};
  for (const [key, { data }] of Object.entries(found)) {
    const [place, name] = key.split('/') as [string, string];
    if (Number(place) % distinct === i) parts[name] = (parts[name] ?? 0) + Number(data[0]);
  }
  return { loss: Object.values(parts).reduce((sum, part) => sum + part, 0), parts };
}

const sumOf = (scalars: readonly HostTensor[]): number => scalars.reduce((sum, { data }) => sum + Number(data[0]), 0);
