/** The keys of `model`: backbone and head of a classifier; backbone, neck and head of a detector. */
import { z } from 'zod';
import { ClassifierBackbone, DetectorBackbone } from './backboneSchema.js';
import { ClassifierHead, DetectorHead } from './headSchema.js';
import { count } from './values.js';

export const ClassifierModel = z.strictObject({
  backbone: ClassifierBackbone.describe('The network whose weights a detector begins with.'),
  head: ClassifierHead.nullable()
    .default(null)
    .describe('From its last map to classes. null: as the backbone was published, cmt or linear.'),
});

const levelNames = ['P2', 'P3', 'P4', 'P5', 'P6', 'P7'] as const;

const Fpn = z
  .strictObject({
    name: z.literal('fpn').default('fpn').describe('Feature pyramid network.'),
    channels: count.default(256).describe('Channels of the pyramid and of the branches of the head.'),
    levels: z
      .array(z.enum(levelNames))
      .min(1)
      .default(['P3', 'P4', 'P5', 'P6', 'P7'])
      .describe('Pyramid levels, fine to coarse; Pn has stride 2^n pixels.'),
    extraFrom: z
      .enum(['c5', 'p5'])
      .default('c5')
      .describe("What P6 is made from: the backbone's last map, or the pyramid's. P7 is made from P6."),
    extraRelu: z.boolean().default(false).describe('Rectify before the convolution that makes P7.'),
  })
  .superRefine(({ levels }, context) => {
    const first = levelNames.indexOf(levels[0]!);
    const issue = (message: string) => context.addIssue({ code: 'custom', path: ['levels'], message });
    if (levels.some((name, i) => name !== levelNames[first + i]))
      issue(`expected neighbours from fine to coarse, as P3, P4, P5; found ${levels.join(', ')}`);
    if (!levels.includes('P5')) issue('P5 is needed: the other levels are made from it');
  });

export const DetectorModel = z
  .strictObject({
    backbone: DetectorBackbone.describe('Four maps, C2 to C5, of a picture.'),
    neck: Fpn.prefault({}).describe('Maps of one width out of them.'),
    head: DetectorHead.prefault({ name: 'retinanet' }).describe('Classes and boxes at every place of these maps.'),
  })
  .superRefine(({ neck, head }, context) => {
    if (head.norm === 'group' && neck.channels % 32 !== 0) {
      const message = `group normalisation has 32 groups, which do not divide ${neck.channels} channels`;
      context.addIssue({ code: 'custom', path: ['neck', 'channels'], message });
    }
  });
