import { z } from 'zod';
import { count, positive } from './values.js';

/** What differs between the tasks: the settings that published results were made with. */
export interface TrainDefaults {
  readonly epochs: number;
  readonly batchSize: number;
  readonly adamw: { readonly lr: number; readonly baseBatch: number; readonly weightDecay: number };
  readonly sgd: { readonly lr: number; readonly baseBatch: number; readonly weightDecay: number };
  readonly clipNorm: number;
  /** What a measurement gives; `loss` beside it where validationLoss asks for it. */
  readonly metrics: readonly string[];
}

/** PVT's RetinaNet setting (Wang et al., 2021), and mmdet's for SGD. */
export const detectionDefaults: TrainDefaults = {
  epochs: 12,
  batchSize: 2,
  adamw: { lr: 1e-4, baseBatch: 16, weightDecay: 1e-4 },
  sgd: { lr: 0.01, baseBatch: 16, weightDecay: 1e-4 },
  clipNorm: 35,
  metrics: ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'],
};

/** CMT-S as its authors trained it. */
export const classificationDefaults: TrainDefaults = {
  epochs: 300,
  batchSize: 128,
  adamw: { lr: 5e-4, baseBatch: 512, weightDecay: 0.05 },
  sgd: { lr: 0.1, baseBatch: 512, weightDecay: 1e-4 },
  clipNorm: 5,
  metrics: ['top1', 'top5'],
};

const nonNegative = z.number().min(0);
const momentum = z.number().min(0).lt(1);

function optimizer({ adamw, sgd }: TrainDefaults) {
  const common = ({ lr, baseBatch, weightDecay }: TrainDefaults['adamw']) => ({
    lr: positive.default(lr).describe('Learning rate after warm-up, for a batch of baseBatch.'),
    baseBatch: count
      .nullable()
      .default(baseBatch)
      .describe(
        'The rate is multiplied by (batchSize × accumulate × workers) ÷ this, and the result is written in the log. ' +
          'null: taken as it is.',
      ),
    weightDecay: nonNegative.default(weightDecay).describe('For weights of convolutions and linear layers.'),
    decayNormAndBias: z.boolean().default(false).describe('Decay biases and the parameters of norms too.'),
    decayPositionBias: z
      .boolean()
      .default(true)
      .describe("Decay the relative position bias too, as the authors' release does."),
  });
  return z
    .discriminatedUnion('name', [
      z.strictObject({
        name: z.literal('adamw').describe('Loshchilov and Hutter (2019).'),
        ...common(adamw),
        betas: z.tuple([momentum, momentum]).default([0.9, 0.999]).describe('Decay of both moments, per step.'),
        eps: positive.default(1e-8).describe('Added to the root of the second moment.'),
      }),
      z.strictObject({
        name: z.literal('sgd').describe('Gradient descent with momentum.'),
        ...common(sgd),
        momentum: momentum.default(0.9).describe('Decay of the velocity, per step.'),
        nesterov: z.boolean().default(false).describe('Look ahead along the velocity.'),
      }),
    ])
    .prefault({ name: 'adamw' })
    .describe('How gradients change the parameters.');
}

const warmupKeys = {
  warmupSteps: z
    .int()
    .min(0)
    .default(500)
    .describe('Steps over which the rate rises linearly. 0: none. Not used where warmupEpochs is set.'),
  warmupEpochs: nonNegative.nullable().default(null).describe('The same in epochs; parts of one are fine.'),
  warmupFactor: z
    .number()
    .gt(0)
    .max(1)
    .default(0.001)
    .describe('First rate ÷ full rate. Not used where warmupLr is set.'),
  warmupLr: nonNegative.nullable().default(null).describe('First rate itself, not scaled with the batch.'),
};

const minLr = (value: number) => nonNegative.default(value).describe('Last rate, not scaled with the batch.');
const cooldownEpochs = (value: number) => z.int().min(0).default(value).describe('Epochs at minLr, after the others.');

const Schedule = z
  .discriminatedUnion('name', [
    z.strictObject({
      name: z.literal('cosine').describe('Half a cosine, step by step, from the end of warm-up to the last epoch.'),
      ...warmupKeys,
      minLr: minLr(0),
      cooldownEpochs: cooldownEpochs(0),
    }),
    z.strictObject({
      name: z
        .literal('authorsCosine')
        .describe("The CMT authors' schedule: by epoch, not shifted by warm-up, one epoch behind."),
      warmupEpochs: z.int().min(0).default(20).describe('Epochs over which the rate rises linearly.'),
      warmupLr: nonNegative.default(1e-7).describe('First rate, not scaled with the batch.'),
      minLr: minLr(1e-5),
      cooldownEpochs: cooldownEpochs(10),
    }),
    z.strictObject({
      name: z
        .literal('unshiftedCosine')
        .describe(
          "FlyEgle's schedule for CMT: step by step, a cosine that warm-up does not shift, and that ends before the run does.",
        ),
      warmupEpochs: z.int().min(0).default(5).describe('Epochs over which the rate rises linearly from almost 0.'),
    }),
    z.strictObject({
      name: z.literal('step').describe('Constant, and multiplied by `factor` at each milestone.'),
      ...warmupKeys,
      milestones: z.array(count).min(1).default([8, 11]).describe('After how many epochs, rising.'),
      factor: z.number().gt(0).lt(1).default(0.1).describe('What the rate is multiplied by.'),
    }),
    z.strictObject({ name: z.literal('constant').describe('No change after warm-up.'), ...warmupKeys }),
  ])
  .describe('How the learning rate goes.');

const earlyStopping = (metrics: readonly string[]) =>
  z
    .strictObject({
      metric: z
        .enum([...metrics, 'loss'])
        .nullable()
        .default(null)
        .describe(
          'Which measurement. Of a loss, which validationLoss measures, less is better. null: what chooses the best checkpoint.',
        ),
      patience: count.describe('Measurements in a row that may be no better than the best one; then the run ends.'),
      minDelta: nonNegative.default(0).describe('By how much a measurement must be better to count.'),
    })
    .nullable()
    .default(null)
    .describe('End the run once it gets no better on val. null: never.');

/** The `train` section with the defaults of a task. */
export function trainSchema(defaults: TrainDefaults, schedule: 'step' | 'authorsCosine') {
  return z
    .strictObject({
      epochs: count
        .nullable()
        .default(defaults.epochs)
        .describe(
          'Passes over the training set. null: as many as maxMinutes has time for; the schedule is then one of time.',
        ),
      batchSize: count.default(defaults.batchSize).describe('Pictures in a batch, on each worker.'),
      accumulate: count
        .default(1)
        .describe(
          'Batches whose gradients are averaged for one step. They are the parts of one global batch, dealt as to processes.',
        ),
      optimizer: optimizer(defaults),
      schedule: Schedule.prefault({ name: schedule }),
      clipNorm: positive
        .nullable()
        .default(defaults.clipNorm)
        .describe('Longer gradients (L2 norm over all parameters) are shortened to this. null: never.'),
      ema: z
        .number()
        .gt(0)
        .lt(1)
        .nullable()
        .default(null)
        .describe(
          'Decay, per step, of a running average of the weights, which is then what is measured and saved. null: none.',
        ),
      recomputeStages: z
        .array(z.int().min(1).max(4))
        .default([])
        .describe(
          'Stages of the backbone whose activations are computed again in the backward pass: much less memory, for about ' +
            'a third more time in them. Attention over large maps does so by itself.',
        ),
      batchStatistics: z
        .enum(['local', 'sync'])
        .default('local')
        .describe(
          'Where several workers train together: whether batch normalisation takes the statistics of its own part of a batch, ' +
            'or of all parts that workers have at the same time. Running statistics are the mean over all workers either way.',
        ),
      workerTimeout: positive
        .default(60)
        .describe(
          'Seconds within which other workers must start, answer, and take part in a step; after that the run ends and names them.',
        ),
      seed: z.int().min(0).default(0).describe('Of initial weights, order and augmentation.'),
      onNonFinite: z
        .enum(['stop', 'skip', 'rollback'])
        .default('stop')
        .describe(
          'A loss, gradient or statistic that is not finite. skip: leave the step out. rollback: go back to the last ' +
            'checkpoint. stop: end with a report; the last good checkpoint stays. With engine.mixedPrecision float16, such a ' +
            'step is left out and halves the loss scale first; only at a scale of 1 is it a matter for this.',
        ),
      stallMinutes: positive
        .nullable()
        .default(5)
        .describe(
          'Minutes without progress after which a line says what is waited for: pictures by name, a step, a file to be ' +
            'written. null: never.',
        ),
      maxSteps: count.nullable().default(null).describe('End after so many steps, whatever the epochs say.'),
      maxMinutes: positive
        .nullable()
        .default(null)
        .describe(
          'End after so many minutes of all parts of the run together, measuring and saving included. After warm-up the learning ' +
            'rate is where steps or time are, whichever is further, so that it has come down when time ends the run.',
        ),
      evaluateEvery: count
        .default(1)
        .describe('Epochs between two measurements on val. The last epoch has one anyway.'),
      validationLoss: z
        .boolean()
        .default(false)
        .describe(
          'Measure the loss on val too, as `loss`; that is another pass over it. Nothing is augmented or dropped there.',
        ),
      earlyStopping: earlyStopping(defaults.metrics),
      preciseBn: count
        .nullable()
        .default(null)
        .describe(
          'At the end of the run, estimate the statistics of batch normalisation anew over so many batches: written as ' +
            'precise.safetensors, and measured. As the command precise-bn. null: not.',
        ),
      checkpointEvery: count
        .nullable()
        .default(null)
        .describe('Steps between two states inside an epoch, besides those that checkpointMinutes asks for.'),
      checkpointMinutes: positive
        .nullable()
        .default(10)
        .describe(
          'Minutes of training between two states: what a crash can lose. null: only at the end of each epoch.',
        ),
      keep: z
        .int()
        .min(0)
        .default(0)
        .describe(
          'How many checkpoints of past epochs are kept beside the best and the last, as epoch-0012.safetensors.',
        ),
      tensorboard: z
        .strictObject({
          histograms: z.boolean().default(false).describe('Histograms of all weights and statistics.'),
          curves: z
            .boolean()
            .default(false)
            .describe('Precision by recall of each class of a detector, as PR curves of TensorBoard.'),
          pictures: z.int().min(0).default(0).describe('So many pictures of val, with what a detector finds in them.'),
        })
        .prefault({})
        .describe('What is in the event file besides numbers, at each measurement.'),
      logEvery: count.default(10).describe('Steps between two lines of metrics.jsonl.'),
      report: z
        .boolean()
        .default(true)
        .describe(
          'Write report.html into the run folder at the end, as `cmtdet report` does: the best checkpoint runs on val once more.',
        ),
    })
    .superRefine(({ epochs, schedule, maxMinutes }, context) => {
      const at = (key: string) => ['schedule', key];
      if (epochs === null) {
        const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
        if (maxMinutes === null) issue(['epochs'], 'null needs a limit of time: set train.maxMinutes');
        if (schedule.name !== 'cosine' && schedule.name !== 'constant')
          issue(at('name'), `${schedule.name} counts epochs: give train.epochs a number, or take cosine`);
      }
      if (schedule.name === 'step') {
        const { milestones } = schedule;
        if (milestones.some((milestone, i) => i > 0 && milestone <= milestones[i - 1]!)) {
          context.addIssue({
            code: 'custom',
            path: at('milestones'),
            message: `expected rising epochs, found ${milestones.join(', ')}`,
          });
        }
      }
      if (epochs !== null && schedule.name !== 'constant' && (schedule.warmupEpochs ?? 0) > epochs) {
        const message = `${schedule.warmupEpochs} epochs of warm-up are more than the ${epochs} of training`;
        context.addIssue({ code: 'custom', path: at('warmupEpochs'), message });
      }
    });
}
