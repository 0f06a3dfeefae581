import { z } from 'zod';
import { count, fraction, positive } from './values.js';

/** The names of Guo et al., "CMT: Convolutional Neural Networks Meet Vision Transformers" (2022), table 1. */
export const cmtVariantNames = ['cmt_ti', 'cmt_xs', 'cmt_s', 'cmt_b'] as const;

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

const backboneKeys = {
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

export const ClassifierModel = z
  .strictObject({
    ...backboneKeys,
    headChannels: count.default(1280).describe('Channels of the 1×1 convolution before pooling.'),
    headDropout: fraction
      .nullable()
      .default(null)
      .describe("Dropout before the last layer. null: the variant's, 0.1 and 0.3 for cmt_b."),
  })
  .superRefine(checkBias);

const levelNames = ['P2', 'P3', 'P4', 'P5', 'P6', 'P7'] as const;

const Anchors = z.strictObject({
  baseScale: positive.default(4).describe('Anchor side ÷ stride of its level, at the first scale.'),
  scalesPerOctave: count.default(3).describe('n scales 2^(0/n) … 2^((n-1)/n).'),
  aspectRatios: z.array(positive).min(1).default([0.5, 1, 2]).describe('Height ÷ width, at equal area.'),
});

const Loss = z.strictObject({
  focalAlpha: fraction.default(0.25).describe('Weight of foreground in the focal loss; background has the rest.'),
  focalGamma: z
    .number()
    .min(0)
    .default(2)
    .describe('How strongly the focal loss turns from easy anchors. 0: cross-entropy.'),
  boxWeight: positive.default(1).describe('Weight of the box loss (L1 on deltas) beside the focal loss.'),
});

export const DetectorModel = z
  .strictObject({
    ...backboneKeys,
    neckChannels: count.default(256).describe('Channels of the pyramid and of both branches of the head.'),
    levels: z
      .array(z.enum(levelNames))
      .min(1)
      .default(['P3', 'P4', 'P5', 'P6', 'P7'])
      .describe('Pyramid levels, fine to coarse; Pn has stride 2^n pixels. P6 comes from C5, P7 from P6.'),
    headConvs: z.int().min(0).default(4).describe('3×3 convolutions of each branch of the head before the last one.'),
    headNorm: z
      .enum(['none', 'group'])
      .default('none')
      .describe('none: as in RetinaNet. group: GroupNorm of 32 groups after each of these convolutions.'),
    anchors: Anchors.prefault({}).describe('Anchor boxes.'),
    priorProbability: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.01)
      .describe('Score of every anchor before training, which keeps the first steps calm.'),
    loss: Loss.prefault({}).describe('The two losses.'),
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
  })
  .superRefine(checkBias)
  .superRefine(({ levels, headNorm, neckChannels }, context) => {
    const first = levelNames.indexOf(levels[0]!);
    if (levels.some((name, i) => name !== levelNames[first + i])) {
      const message = `expected neighbours from fine to coarse, as P3, P4, P5; found ${levels.join(', ')}`;
      context.addIssue({ code: 'custom', path: ['levels'], message });
    }
    if (!levels.includes('P5')) {
      context.addIssue({
        code: 'custom',
        path: ['levels'],
        message: 'P5 is needed: the other levels are made from it',
      });
    }
    if (headNorm === 'group' && neckChannels % 32 !== 0) {
      const message = `group normalisation has 32 groups, which do not divide ${neckChannels} channels`;
      context.addIssue({ code: 'custom', path: ['neckChannels'], message });
    }
  });

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
