/** The keys of `model.backbone`: one section a kind of backbone, told apart by its `name`. */
import { z } from 'zod';
import { count, fraction, positive } from './values.js';

/** The names of Guo et al., "CMT: Convolutional Neural Networks Meet Vision Transformers" (2022), table 1. */
export const cmtVariantNames = ['cmt_ti', 'cmt_xs', 'cmt_s', 'cmt_b'] as const;

/** The depths of He et al., "Deep Residual Learning for Image Recognition" (2016), table 1, up to 101. */
export const resnetDepths = [18, 34, 50, 101] as const;

const PerStage = z.tuple([count, count, count, count]);

const CmtWidths = z
  .strictObject({
    dims: PerStage.describe('Channels of stages C2, C3, C4, C5.'),
    stemChannels: count.describe('Channels of the stem, which has stride 2.'),
    depths: PerStage.describe('Blocks of each stage.'),
    heads: PerStage.default([1, 2, 4, 8]).describe('Attention heads of each stage; each divides its channels.'),
    reductions: PerStage.default([8, 4, 2, 1]).describe(
      'Side, in tokens, of the squares that become one key, of each stage.',
    ),
    ratio: positive.default(4).describe('Hidden width ÷ channels of the feed-forward network.'),
  })
  .superRefine(({ dims, heads }, context) => {
    for (const [i, dim] of dims.entries()) {
      if (dim % heads[i]! === 0) continue;
      context.addIssue({
        code: 'custom',
        path: ['heads', i],
        message: `${heads[i]} heads do not divide ${dim} channels`,
      });
    }
  });

const cmtKeys = {
  name: z.literal('cmt').describe('Convolutions and attention: CMT.'),
  variant: z
    .union([z.enum(cmtVariantNames), CmtWidths])
    .describe('Name of a CMT, or the widths of your own: { dims, stemChannels, depths, heads, reductions, ratio }.'),
  positionBias: z
    .enum(['grid', 'table', 'none'])
    .default('grid')
    .describe(
      'Relative position bias of the attention. grid: a number for each query and key, as the authors have it. ' +
        'table: one for each offset between them, in each block, as FlyEgle/CMT-pytorch. none: no bias.',
    ),
  biasSize: z
    .int()
    .positive()
    .multipleOf(32)
    .nullable()
    .default(null)
    .describe(
      'Side of the square picture, in pixels, whose grid the relative position bias is kept at; for other sizes it is ' +
        "resampled. null: the variant's nominal input (160, 192, 224, 256). Own widths must give it.",
    ),
  biasResample: z
    .enum(['bilinear', 'bicubic', 'flattened'])
    .default('bilinear')
    .describe(
      'How the bias gets to another grid. bilinear, bicubic: query and key grid one after the other, positions kept. ' +
        "flattened: bicubic over the matrix, the paper's wording taken literally; not for a table.",
    ),
  biasTableFit: z
    .enum(['slice', 'bicubic'])
    .default('bicubic')
    .describe(
      'How a table serves keys, which are fewer than queries. bicubic: read at every place, then resampled to those of ' +
        'the keys. slice: read at the first places, as FlyEgle/CMT-pytorch does. Used where positionBias is table.',
    ),
  dropPath: fraction
    .default(0.1)
    .describe('Stochastic depth: chance that the last block is skipped; grows linearly from 0 at the first.'),
};

const resnetKeys = {
  name: z.literal('resnet').describe("Residual network with torchvision's layers and weights: ResNet."),
  depth: z.literal(resnetDepths).describe('Layers, as in the name of the network.'),
};

/** What only a detector asks for: its backbone is often a pretrained one, and its batches are small. */
const freezingKeys = {
  frozenStages: z
    .int()
    .min(0)
    .max(4)
    .default(0)
    .describe('First stages that do not train. 1: the stem and C2, 4: the whole backbone.'),
  batchNorm: z
    .enum(['train', 'frozen'])
    .default('train')
    .describe('frozen: running mean and variance of the backbone stay as loaded. For batches of one or two.'),
};

export const ClassifierBackbone = z.discriminatedUnion('name', [
  z.strictObject(cmtKeys).superRefine(checkBias),
  z.strictObject(resnetKeys),
]);

export const DetectorBackbone = z.discriminatedUnion('name', [
  z.strictObject({ ...cmtKeys, ...freezingKeys }).superRefine(checkBias),
  z.strictObject({ ...resnetKeys, ...freezingKeys }),
]);

interface BiasKeys {
  readonly variant: unknown;
  readonly positionBias: string;
  readonly biasSize: number | null;
  readonly biasResample: string;
}

function checkBias({ variant, positionBias, biasSize, biasResample }: BiasKeys, context: z.RefinementCtx): void {
  if (typeof variant !== 'string' && biasSize === null) {
    const message = 'own widths have no nominal input: give its side in pixels';
    context.addIssue({ code: 'custom', path: ['biasSize'], message });
  }
  if (positionBias === 'table' && biasResample === 'flattened') {
    const message = 'flattened is for positionBias: grid; a table is resampled by bilinear or bicubic';
    context.addIssue({ code: 'custom', path: ['biasResample'], message });
  }
}

/** The `backbone` sections that names stand for, `cmt_ti` and `resnet50`. */
export const namedBackbones: Readonly<Record<string, object>> = Object.fromEntries([
  ...cmtVariantNames.map((variant) => [variant, { name: 'cmt', variant }]),
  ...resnetDepths.map((depth) => [`resnet${depth}`, { name: 'resnet', depth }]),
]);

/** What published detectors add to them: mmdetection keeps ResNet's stem, C2 and statistics as they were pretrained. */
export const publishedFreezing = (backbone: string): object =>
  backbone.startsWith('resnet') ? { frozenStages: 1, batchNorm: 'frozen' } : {};
