/** What a first training on a data set should be like, on this machine: numbers, each with its reason in a sentence. */
import type { DetectionRecord } from '../../data/detection/dataset.js';
import { chooseShapes } from '../../data/detection/shapes.js';
import { type AnchorAdvice, adviseAnchors } from '../../detection/anchorAdvice.js';
import type { Sides } from '../../detection/anchorFit.js';
import { escapeControls } from '../../formats/controlCharacters.js';
import { inputSize, type ResizeRule, sizeDivisor } from '../../geometry/size.js';

/** A value of the config, and why it is this one. */
export interface Advised<T> {
  readonly value: T;
  readonly why: string;
}

/** What it runs on. */
export interface Machine {
  readonly cores: number;
  readonly hasGpu: boolean;
}

export interface Advice {
  readonly resize: Advised<ResizeRule>;
  readonly maxShapes: Advised<number>;
  readonly anchors: AnchorAdvice;
  readonly batchSize: Advised<number>;
  /** Time for all of it. */
  readonly minutes: Advised<number>;
  /** How often each picture is expected to be seen in that time. */
  readonly passes: number;
  readonly evaluateEvery: Advised<number>;
  readonly warmupSteps: number;
  readonly ema: number;
  /** Chance of a mirrored picture. */
  readonly flip: Advised<number>;
  readonly augmentation: Advised<{
    readonly photometric: number;
    readonly randomCrop: number;
    readonly mosaic: number;
  }>;
}

export interface AdviseOptions {
  /** To learn from. */
  readonly records: readonly DetectionRecord[];
  readonly classNames: readonly string[];
  readonly machine: Machine;
  /** Asked for. @default as much as the data needs, 20 at least */
  readonly minutes?: number | undefined;
}

/** @throws RangeError where no record has a box */
export function advise({ records, classNames, machine, minutes: asked }: AdviseOptions): Advice {
  const resize = adviseSize(records, classNames, machine);
  const rule = resize.value;
  const anchors = adviseAnchors(records.flatMap((record) => sidesIn(record, rule)));
  const batchSize = adviseBatch(records.length, machine);
  const rate = picturesPerSecond(rule, machine);
  const minutes = adviseMinutes(records.length, rate, asked);
  const passes = (minutes.value * 60 * rate) / records.length;
  const steps = (passes * records.length) / batchSize.value;
  return {
    resize,
    maxShapes: adviseShapes(records, rule),
    anchors,
    batchSize,
    minutes,
    passes,
    evaluateEvery: adviseMeasuring(passes),
    warmupSteps: Math.round(Math.min(50, Math.max(5, steps / 20))),
    ema: steps < 400 ? 0.95 : steps < 20_000 ? 0.99 : 0.999, // forgets the first weights even where the machine makes a quarter of these steps
    flip: adviseFlip(classNames),
    augmentation: adviseAugmentation(passes),
  };
}

/** Short sides to choose from. */
const shortSides = [128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 576, 640, 800];
/** What most boxes, and those in the middle of each class, should measure in the input: square root of the area in pixels. */
const wantedSide = 24;
/** Share of all boxes that may be smaller. */
const smallShare = 0.1;
/** Boxes of a class from which on it counts by itself. */
const leastBoxes = 5;

/** The largest short side that training has time for. */
function largestSide({ cores, hasGpu }: Machine): number {
  if (hasGpu) return 800;
  return cores <= 2 ? 320 : cores <= 4 ? 384 : cores <= 8 ? 448 : cores <= 16 ? 512 : 640;
}

function adviseSize(
  records: readonly DetectionRecord[],
  classNames: readonly string[],
  machine: Machine,
): Advised<ResizeRule> {
  const original = quantile(
    records.map(({ width, height }) => Math.min(width, height)),
    0.5,
  );
  const ratio = quantile(
    records.map(({ width, height }) => Math.max(width, height) / Math.min(width, height)),
    0.95,
  );
  const limit = Math.max(shortSides[0]!, Math.min(largestSide(machine), padded(original)));
  const ruleOf = (shortSide: number): ResizeRule => ({
    shortSide,
    longSide: padded(Math.min(ratio, 2.5) * shortSide - 1), // a pixel more for rounding takes no whole cell
  });
  const allowed = shortSides.filter((side) => side <= limit);
  const enough = allowed.find((side) => smallestOf(records, ruleOf(side)).side >= wantedSide);
  const shortSide = enough ?? allowed.at(-1)!;
  const smallest = smallestOf(records, ruleOf(shortSide));
  const what =
    smallest.label === undefined ? 'nine of ten boxes' : `half of ${escapeControls(classNames[smallest.label]!)}`;
  const measure = `${what} measure ${Math.round(smallest.side)} pixels or more at this size`;
  const why =
    enough !== undefined
      ? `${measure}, and ${wantedSide} are enough, three cells of the finest level; smaller is faster`
      : limit < largestSide(machine)
        ? `the size of the pictures; ${measure}`
        : `as large as ${machine.hasGpu ? 'usual' : `${machine.cores} cores have time for`}; ${measure}, larger finds smaller objects and takes longer`;
  return { value: ruleOf(shortSide), why };
}

/** What is smallest in the input: the middle of a class, or the small ones of all boxes (no label). */
function smallestOf(
  records: readonly DetectionRecord[],
  rule: ResizeRule,
): { readonly side: number; readonly label?: number } {
  const all: number[] = [];
  const ofClass = new Map<number, number[]>();
  for (const record of records) {
    for (const [i, [width, height]] of sidesIn(record, rule).entries()) {
      const side = Math.sqrt(width * height);
      const label = record.labels[i]!;
      all.push(side);
      const own = ofClass.get(label);
      if (own) own.push(side);
      else ofClass.set(label, [side]);
    }
  }
  const classes = [...ofClass].filter(([, sides]) => sides.length >= leastBoxes);
  const middles = classes.map(([label, sides]) => ({ side: quantile(sides, 0.5), label }));
  return middles.reduce<{ side: number; label?: number }>((least, one) => (one.side < least.side ? one : least), {
    side: quantile(all, smallShare),
  });
}

const padded = (side: number) => Math.ceil(side / sizeDivisor) * sizeDivisor;

/** [width, height] of a picture's boxes in input pixels. */
function sidesIn(record: DetectionRecord, rule: ResizeRule): Sides[] {
  const input = inputSize(record, rule);
  const [scaleX, scaleY] = [input.width / record.width, input.height / record.height];
  return Array.from(record.labels, (_, i): Sides => {
    const [x1, y1, x2, y2] = record.boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    return [(x2 - x1) * scaleX, (y2 - y1) * scaleY];
  });
}

/** Padding that is worth another shape. */
const paddingAllowed = 1.1;

function adviseShapes(records: readonly DetectionRecord[], { shortSide, longSide }: ResizeRule): Advised<number> {
  const areas = [1, 2, 3, 4].map((maxShapes) => {
    const plan = chooseShapes(records, { shortSides: [shortSide], longSide, maxShapes });
    return records.reduce((sum, record) => {
      const { width, height } = plan.shapeOf(plan.groupOf(record), shortSide);
      return sum + width * height;
    }, 0);
  });
  const enough = areas.findIndex((area) => area <= areas.at(-1)! * paddingAllowed);
  const value = enough + 1;
  const why =
    value === 1
      ? 'one padded shape holds all pictures with little padding, and is prepared once'
      : `${value} padded shapes leave little padding; each is prepared at its first batch`;
  return { value, why };
}

function adviseBatch(pictures: number, { hasGpu }: Machine): Advised<number> {
  if (pictures < 16) return { value: 2, why: `there are only ${pictures} pictures` };
  if (hasGpu && pictures >= 64) return { value: 16, why: 'a GPU wants many pictures at a time' };
  return { value: 4, why: 'many updates in little time; more pictures in each want fewer, larger steps' };
}

/** Of a core, at a short side of 256 and a long one of 341: 4.1 pictures a second on two cores (docs/results.md, BCCD). */
const ratePerCore = 2;
const measuredArea = 256 * 352;
/** A GPU has not been measured: as 32 cores. */
const coresOfGpu = 32;

function picturesPerSecond({ shortSide, longSide }: ResizeRule, { cores, hasGpu }: Machine): number {
  const parallel = hasGpu ? coresOfGpu : Math.min(cores, 32);
  return (ratePerCore * parallel * measuredArea) / (padded(shortSide) * padded(longSide));
}

const leastMinutes = 20;
/** Passes that even a large data set should have. */
const leastPasses = 12;

function adviseMinutes(pictures: number, rate: number, asked: number | undefined): Advised<number> {
  const needed = Math.ceil((leastPasses * pictures) / rate / 60);
  const value = asked ?? Math.max(leastMinutes, needed);
  const passes = (value * 60 * rate) / pictures;
  const times = passes >= 1.5 ? `about ${Math.round(passes)} times` : 'not even once or twice';
  const why = `each picture is seen ${times}, if this machine makes ${rate.toPrecision(2)} pictures a second; the rate falls to 0 by then`;
  return { value, why };
}

function adviseMeasuring(passes: number): Advised<number> {
  const value = Math.max(1, Math.round(passes / 6));
  return { value, why: 'epochs between measurements: about six in all' };
}

/** Left and right, letters and digits are not the same mirrored. */
function adviseFlip(names: readonly string[]): Advised<number> {
  const sided = names.filter(
    (name) => /(^|[^a-z])(left|right)([^a-z]|$)/i.test(name) || /^[a-z0-9]$/i.test(name.trim()),
  );
  if (sided.length === 0)
    return { value: 0.5, why: 'half of the pictures are mirrored; 0 where left and right differ' };
  return { value: 0, why: `no mirroring: ${sided.slice(0, 3).map(escapeControls).join(', ')} would be something else` };
}

/** Measured at 15 passes (docs/results.md, BCCD). */
const augmentedFrom = 10;

function adviseAugmentation(passes: number): Advice['augmentation'] {
  const seen = `each picture is seen about ${Math.max(1, Math.round(passes))} times`;
  if (passes < augmentedFrom)
    return {
      value: { photometric: 0, randomCrop: 0, mosaic: 0 },
      why: `${seen}: too seldom to be learnt by heart, so they stay as they are`,
    };
  if (passes < 80)
    return {
      value: { photometric: 0.5, randomCrop: 0.3, mosaic: 0 },
      why: `${seen}: other colours and crops keep them from being learnt by heart`,
    };
  return {
    value: { photometric: 0.5, randomCrop: 0.5, mosaic: 0.3 },
    why: `${seen}: other colours, crops and mosaics keep them from being learnt by heart`,
  };
}

function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('there is no box');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}
