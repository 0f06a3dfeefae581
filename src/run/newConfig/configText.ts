/** A config for a data set, as the YAML that a person reads and changes. */
import { stringify } from 'yaml';
import { shellWord } from '../../formats/shellWord.js';
import type { OwnData, OwnSplit } from '../ownData.js';
import type { Advice } from './advise.js';
import type { StartModel } from './startModel.js';

export interface ConfigFacts {
  /** What was asked for, as `cells.zip`. */
  readonly data: string;
  /** Of the config. */
  readonly file: string;
  readonly own: Pick<OwnData, 'form' | 'valIs' | 'train' | 'val' | 'test'>;
  /** Class names and their boxes to learn from. */
  readonly classes: readonly { readonly name: string; readonly boxes: number }[];
  /** Pictures that are not there, or that cannot be read. */
  readonly broken: number;
  /** What the run begins with. */
  readonly start?: StartModel | undefined;
}

const mostClasses = 12;

export function configText({ data, file, own, classes, broken, start }: ConfigFacts, advice: Advice): string {
  const { resize, augmentation, flip, minutes, maxShapes, batchSize, evaluateEvery } = advice;
  const { train, val, test } = own;
  const named = classes.slice(0, mostClasses).map(({ name, boxes }) => `${oneLine(name)} (${boxes})`);
  const more = classes.length > mostClasses ? `, and ${classes.length - mostClasses} more` : '';
  const parts = [
    `${train.file.images.length} pictures to learn from`,
    val === null
      ? 'none to measure on'
      : `${val.file.images.length} to measure on (${own.valIs === 'given' ? 'as the data has it' : 'split off by class'})`,
    ...(test === null ? [] : [`${test.file.images.length} kept for the end (${test.annotations})`]),
  ];
  const { photometric, randomCrop, mosaic } = augmentation.value;
  const lines = [
    `# Made by "cmtdet new ${oneLine(shellWord(data))}": ${oneLine(parts.join(', '))}.`,
    `# Boxes to learn from: ${named.join(', ')}${more}.`,
    '#',
    `#   ${trainCommand(file, start)}`,
    '#',
    '# Every value may be changed; docs/configuration.md has all keys. Paths start at the working folder.',
    '',
    'task: detection',
    '',
    'model:',
    ...(start === undefined ? freshModel(advice) : givenModel(advice, start)),
    '',
    'data:',
    ...splitLines('train', train),
    ...(val === null ? ['  val: null # too few pictures to spare some for measuring'] : splitLines('val', val)),
    `  shortSide: ${resize.value.shortSide} # ${resize.why}`,
    `  longSide: ${resize.value.longSide} # as long as the pictures are at this short side`,
    `  maxShapes: ${maxShapes.value} # ${maxShapes.why}`,
    `  flip: ${flip.value} # ${flip.why}`,
    `  # ${augmentation.why}`,
    `  photometric: { probability: ${photometric} }`,
    `  randomCrop: { probability: ${randomCrop} }`,
    `  mosaic: ${mosaic}`,
    ...(broken > 0
      ? [`  # ${broken} pictures are not there or cannot be read`, '  missing: skip', '  onBroken: skip']
      : []),
    '',
    'train:',
    '  epochs: null # as many as there is time for',
    `  maxMinutes: ${minutes.value} # ${minutes.why}`,
    `  batchSize: ${batchSize.value} # ${batchSize.why}`,
    '  # what worked on the small data sets of docs/results.md; a loss that jumps wants a smaller rate',
    '  optimizer: { name: adamw, lr: 0.001, baseBatch: null, weightDecay: 0.05 }',
    `  schedule: { name: cosine, warmupSteps: ${advice.warmupSteps}, minLr: 1.0e-6 } # rises for so many steps, then falls with the time`,
    '  clipNorm: 10 # shortens the rare gradient that would spoil the weights',
    `  ema: ${advice.ema} # measured and saved is a running average of the weights, which is better than the last ones`,
    `  evaluateEvery: ${evaluateEvery.value} # ${evaluateEvery.why}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** As it is called in a shell. */
export const trainCommand = (file: string, start?: StartModel): string =>
  oneLine(`cmtdet train ${shellWord(file)}${start === undefined ? '' : ` --init-from ${shellWord(start.checkpoint)}`}`);

function freshModel(advice: Advice): string[] {
  const levels = Array.from({ length: advice.anchors.levels }, (_, i) => `P${3 + i}`).join(', ');
  return [
    '  backbone: { name: cmt, variant: cmt_ti, dropPath: 0 } # the smallest CMT: what a small machine can train from nothing',
    `  neck: { channels: 64, levels: [${levels}] } # narrow, for speed; as many levels as the largest boxes need`,
    '  head:',
    '    name: retinanet',
    '    convs: 2',
    '    norm: group # no pretrained weights: without it the head starts slowly',
    ...anchorLines(advice),
  ];
}

/** What of the network comes from a checkpoint; a backbone alone gets neck and head as without one. */
function givenModel(advice: Advice, { checkpoint, backbone, neck, head }: StartModel): string[] {
  const fresh = freshModel(advice).slice(1);
  const from = `of ${oneLine(checkpoint)}, whose weights are for this and no other`;
  if (neck === undefined || head === undefined) return [`  # ${from}`, `  backbone: ${flow(backbone)}`, ...fresh];
  return [
    `  # ${from}`,
    `  backbone: ${flow(backbone)}`,
    `  neck: ${flow(neck)}`,
    '  head:',
    ...Object.entries(head).map(([key, value]) => `    ${key}: ${flow(value)}`),
    ...(head.name === 'retinanet' ? anchorLines(advice) : []),
  ];
}

function anchorLines(advice: Advice): string[] {
  const { baseScale, aspectRatios } = advice.anchors.anchors;
  return [
    `    # ${anchorReason(advice)}`,
    `    anchors: { baseScale: ${baseScale}, aspectRatios: [${aspectRatios.join(', ')}] }`,
  ];
}

/** A value on one line. */
const flow = (value: unknown) => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();

function anchorReason({ anchors: { reached, reachedByDefault, sides } }: Advice): string {
  const percent = (share: number) => `${Math.floor(100 * share)} %`;
  return (
    `anchors that can learn ${percent(reached)} of the boxes (RetinaNet's own: ${percent(reachedByDefault)}); ` +
    `at this size boxes gather around sides of ${inWords(sides.map(String))} pixels`
  );
}

const splitLines = (key: string, { annotations, images }: OwnSplit): string[] => [
  `  ${key}:`,
  `    annotations: ${scalar(annotations)}`,
  `    images: ${scalar(images)}`,
];

/** A text as YAML has it, in quotes where it needs them. */
const scalar = (text: string) => stringify(text, { lineWidth: 0, defaultStringType: 'PLAIN' }).trim();

/** In a comment, a name must not begin a line of its own. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ');

function inWords(items: readonly string[]): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
