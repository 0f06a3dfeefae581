/** The keys of `model.head`: one section a kind of head, told apart by its `name`. */
import { z } from 'zod';
import { count, fraction, positive } from './values.js';

const Anchors = z.strictObject({
  baseScale: positive.default(4).describe('Anchor side ÷ stride of its level, at the first scale.'),
  scalesPerOctave: count.default(3).describe('n scales 2^(0/n) … 2^((n-1)/n).'),
  aspectRatios: z.array(positive).min(1).default([0.5, 1, 2]).describe('Height ÷ width, at equal area.'),
});

const focalKeys = {
  focalAlpha: fraction.default(0.25).describe('Weight of foreground in the focal loss; background has the rest.'),
  focalGamma: z
    .number()
    .min(0)
    .default(2)
    .describe('How strongly the focal loss turns from easy anchors. 0: cross-entropy.'),
};

const boxWeight = positive.default(1).describe('Weight of the box loss beside the focal loss.');

const RetinanetLoss = z.strictObject({
  ...focalKeys,
  box: z
    .enum(['l1', 'smoothL1', 'giou'])
    .default('l1')
    .describe('l1, smoothL1: distance of the deltas. giou: generalized IoU of the boxes themselves.'),
  smoothL1Beta: positive
    .default(1 / 9)
    .describe('Deltas closer than this count by their square. Used where box is smoothL1.'),
  boxWeight,
});

const FcosLoss = z.strictObject({
  ...focalKeys,
  box: z
    .enum(['iou', 'giou'])
    .default('giou')
    .describe('iou: -log of the IoU. giou: generalized IoU, which also moves boxes that do not touch yet.'),
  boxWeight,
});

const branchKeys = {
  convs: z.int().min(0).default(4).describe('3×3 convolutions of each branch of the head before the last one.'),
  priorProbability: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.01)
    .describe('Score of every place before training, which keeps the first steps calm.'),
};

const norms = 'none: no normalisation. group: GroupNorm of 32 groups after each of these convolutions.';

const RetinanetHead = z.strictObject({
  name: z.literal('retinanet').describe('Anchors, focal loss: RetinaNet.'),
  ...branchKeys,
  norm: z.enum(['none', 'group']).default('none').describe(norms),
  anchors: Anchors.prefault({}).describe('Anchor boxes.'),
  assigner: z
    .enum(['maxIou', 'atss'])
    .default('maxIou')
    .describe(
      'Which anchors learn a box. maxIou: those that overlap it by half or more. atss: of the nearest ones, those that ' +
        'overlap it more than these mostly do (mean and deviation), so that small boxes get their share. It suits one anchor a cell.',
    ),
  loss: RetinanetLoss.prefault({}).describe('The two losses.'),
});

const FcosHead = z.strictObject({
  name: z.literal('fcos').describe('A distance to each side of the box at every place, no anchors: FCOS.'),
  ...branchKeys,
  norm: z.enum(['none', 'group']).default('group').describe(norms),
  rangeScale: positive
    .default(8)
    .describe(
      "Which level learns a box: the place's largest distance to a side is at most this many strides, and more than on " +
        'the level below. The coarsest level has no upper limit.',
    ),
  loss: FcosLoss.prefault({}).describe('The losses; centerness has cross-entropy.'),
});

export const DetectorHead = z.discriminatedUnion('name', [RetinanetHead, FcosHead]);

/** Neck and head of published detectors, by the first part of their names. */
export const namedDetectors: Readonly<Record<string, object>> = {
  retinanet: {},
  fcos: { neck: { extraFrom: 'p5', extraRelu: true }, head: { name: 'fcos' } },
};

const CmtClassifierHead = z.strictObject({
  name: z.literal('cmt').describe("A 1×1 convolution before pooling, as in the CMT authors' release."),
  channels: count.default(1280).describe('Channels of the 1×1 convolution before pooling.'),
  dropout: fraction
    .nullable()
    .default(null)
    .describe("Dropout before the last layer. null: the variant's, 0.1 and 0.3 for cmt_b."),
});

const LinearClassifierHead = z.strictObject({
  name: z.literal('linear').describe('Pooling, then one layer, as in ResNet.'),
  dropout: fraction.default(0).describe('Dropout before the last layer.'),
});

export const ClassifierHead = z.discriminatedUnion('name', [CmtClassifierHead, LinearClassifierHead]);
