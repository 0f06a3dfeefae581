import { z } from 'zod';
import { count, fraction, path, positive } from './values.js';

const loaderKeys = {
  workers: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('Threads that decode and augment. null: one fewer than there are cores, at most 8. 0: the main thread.'),
  prefetch: count.default(4).describe('Batches made ahead of the step that takes them.'),
  cache: z
    .enum(['none', 'memory', 'disk'])
    .default('none')
    .describe('Where decoded pictures are kept from epoch to epoch, before augmentation.'),
  cacheGiB: positive
    .default(8)
    .describe('Most that the cache may hold, in GiB, on disk over all runs; what does not fit is decoded again.'),
  colourProfiles: z
    .enum(['apply', 'ignore'])
    .default('apply')
    .describe(
      'A colour profile in a picture. apply: its pixels become sRGB. ignore: they stay as stored, as Pillow and OpenCV read them, and ' +
        'with them the programs behind published accuracies. Kept in checkpoints.',
    ),
  onBroken: z
    .enum(['stop', 'skip'])
    .default('stop')
    .describe('A picture that cannot be decoded. skip: go on without it; the run folder has the list.'),
};

const CocoSplit = z.strictObject({
  annotations: path.describe('COCO json.'),
  images: path.describe('Folder that the file names in it start from.'),
  limit: count.nullable().default(null).describe('Use only the first so many pictures. For trials.'),
});

const RandomCrop = z.strictObject({
  probability: fraction.default(0).describe('Chance for each picture.'),
  minScale: fraction.default(0.3).describe("Smallest side of a crop ÷ the picture's."),
  minIou: z
    .array(fraction)
    .min(1)
    .default([0.1, 0.3, 0.5, 0.7, 0.9])
    .describe('One is drawn: the IoU with the crop that some box whose centre is inside must reach.'),
});

const Photometric = z.strictObject({
  probability: fraction.default(0).describe('Chance for each of the four, for each picture.'),
  brightness: z.number().min(0).max(255).default(32).describe('Largest shift, of 255.'),
  contrast: z.number().min(0).lt(1).default(0.5).describe('Factors from 1 - c to 1 + c.'),
  saturation: z.number().min(0).lt(1).default(0.5).describe('Factors from 1 - s to 1 + s.'),
  hue: z.number().min(0).max(180).default(18).describe('Largest turn, in degrees.'),
});

export const DetectionData = z
  .strictObject({
    train: CocoSplit.describe('What to learn from.'),
    val: CocoSplit.nullable()
      .default(null)
      .describe('What to measure on. null: no measurement, and no best checkpoint.'),
    shortSide: count.default(800).describe('The shorter side after resizing, in pixels; the aspect ratio is kept.'),
    longSide: count
      .default(1333)
      .describe('Limit of the longer side, in pixels; it makes the shorter one smaller where it bites.'),
    multiScale: z
      .array(count)
      .default([])
      .describe('Short sides to draw from while training, in pixels. Empty: always shortSide.'),
    maxShapes: count
      .default(4)
      .describe(
        'Padded shapes that training may use; each takes time to trace and compile, fewer leave more padding. Batches are of one aspect ratio.',
      ),
    flip: fraction.default(0.5).describe('Chance of a horizontal flip.'),
    keepEmpty: z
      .boolean()
      .default(true)
      .describe('Train on pictures without boxes too. The published COCO settings leave them out.'),
    mosaic: fraction.default(0).describe('Chance that a picture becomes a mosaic of four.'),
    randomCrop: RandomCrop.prefault({}).describe('Crops that keep some box. Liu et al., "SSD" (2016).'),
    photometric: Photometric.prefault({}).describe('Distortion of colours. Liu et al., "SSD" (2016).'),
    sampler: z
      .enum(['none', 'classBalanced', 'repeatFactor'])
      .default('none')
      .describe(
        'Which pictures come more often. repeatFactor: Gupta et al., "LVIS" (2019). classBalanced: each class as often.',
      ),
    repeatThreshold: fraction
      .default(0.001)
      .describe('repeatFactor: classes in less than this share of the pictures are repeated.'),
    missing: z
      .enum(['stop', 'skip'])
      .default('stop')
      .describe('A picture that is not on disk, which is known before the first step. skip: go on without it.'),
    ...loaderKeys,
  })
  .superRefine(({ shortSide, longSide, multiScale }, context) => {
    const largest = Math.max(shortSide, ...multiScale);
    if (largest <= longSide) return;
    context.addIssue({
      code: 'custom',
      path: ['longSide'],
      message: `${longSide} is less than a short side of ${largest}`,
    });
  });

const Range = z.tuple([positive, positive]).refine(([low, high]) => low <= high, 'expected [low, high]');

const RandAugment = z.strictObject({
  operations: count.default(2).describe('Operations drawn for each picture; each is done with chance 0.5.'),
  magnitude: z.number().min(0).max(10).default(9).describe('Mean strength, of 10.'),
  magnitudeDeviation: z.number().min(0).default(0.5).describe('Standard deviation of the strength.'),
  increasing: z.boolean().default(true).describe('Every operation is stronger at a larger magnitude.'),
});

const AreaRange = z.tuple([fraction, fraction]).refine(([low, high]) => low <= high, 'expected [low, high]');

const ResizedCrop = z.strictObject({
  scale: AreaRange.default([0.08, 1]).describe("Smallest and largest area ÷ the picture's."),
  ratio: Range.default([3 / 4, 4 / 3]).describe('Smallest and largest width ÷ height.'),
});

const Erasing = z.strictObject({
  probability: fraction.default(0.25).describe('Chance for each picture.'),
  area: AreaRange.default([0.02, 1 / 3]).describe("Smallest and largest area ÷ the picture's."),
  ratio: Range.default([0.3, 1 / 0.3]).describe('Smallest and largest height ÷ width.'),
});

/** Defaults: the authors' recipe (huawei-noah/Efficient-AI-Backbones, cmt_pytorch), but for repeated augmentation. */
export const ClassificationData = z.strictObject({
  train: path.describe('Folder with one folder of pictures for each class, or a tar file of ImageNet.'),
  val: path
    .nullable()
    .default(null)
    .describe('The same for measuring. null: no measurement. May be flat, with valLabels.'),
  valLabels: path
    .nullable()
    .default(null)
    .describe("Label file of a flat val folder: the ImageNet devkit's, or Kaggle's."),
  size: count.default(224).describe('Side of the square input, in pixels.'),
  cropFraction: z
    .number()
    .gt(0)
    .max(1)
    .default(0.875)
    .describe('Measuring: the short side is resized to size ÷ this, and the centre is cut out.'),
  interpolation: z.enum(['bicubic', 'bilinear']).default('bicubic').describe('How pictures are resized.'),
  trainFraction: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('Share of each class to train on, drawn with train.seed. val stays whole. For trials.'),
  crop: ResizedCrop.prefault({}).describe('Training: a random part of the picture, resized to the input.'),
  flip: fraction.default(0.5).describe('Chance of a horizontal flip.'),
  randAugment: RandAugment.nullable()
    .prefault({})
    .describe('Cubuk et al., "RandAugment" (2020); the default is rand-m9-mstd0.5-inc1. null: off.'),
  colorJitter: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'Brightness, contrast and saturation by factors from 1 - j to 1 + j. The authors have none beside RandAugment.',
    ),
  mixup: z.number().min(0).default(0.8).describe('α of the Beta distribution. 0: off. Zhang et al. (2018).'),
  cutmix: z.number().min(0).default(1).describe('α of the Beta distribution. 0: off. Yun et al. (2019).'),
  mixProbability: fraction.default(1).describe('Chance that a group is mixed at all.'),
  switchProbability: fraction.default(0.5).describe('Where both are on: chance that it is cutmix.'),
  mixGroups: count
    .default(1)
    .describe(
      'Groups of an update that are mixed alike, each by a draw of its own, however the update is dealt to processes or accumulated. Timm draws once for each device.',
    ),
  smoothing: z.number().min(0).lt(1).default(0.1).describe('Label smoothing.'),
  erasing: Erasing.prefault({}).describe('Random erasing with noise, after normalising. Zhong et al. (2020).'),
  repeatedAugmentation: count
    .default(1)
    .describe(
      'Views of a picture in an epoch, which keeps its length: 3 sees a third of the pictures (authors). 1: off.',
    ),
  ...loaderKeys,
});
