/** A run as one page to look at and to hand on. */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DetectionConfig } from '../config/schema.js';
import { boxesAsSeen, fitToAnchors, isBeyondAnchors } from '../data/coco/anchorFit.js';
import type { CocoFile } from '../data/coco/cocoFile.js';
import { cocoHealth } from '../data/coco/health.js';
import { readSplit } from '../data/coco/readSplit.js';
import { anchorSides } from '../detection/anchorFit.js';
import { meanPlaces } from '../detection/pointFit.js';
import { isForPeople, UsageError } from '../errors.js';
import { writeAtomically } from '../formats/atomic.js';
import type { ResizeRule } from '../geometry/size.js';
import { type PageParts, reportPage } from '../report/page.js';
import type { BoxFit, DataFacts, Fact, MeasuredDetector, ReportData } from '../report/reportData.js';
import { filesBesidePages, type RunRecord, readRun } from '../train/runRecord.js';
import { lossPartsOf } from '../train/stepReports.js';
import type { Observer } from './observer.js';
import { refuseOverwriting } from './refuseOverwriting.js';
import { packageVersion } from './version.js';

export interface ReportOptions {
  /** Folder of a run; it may be under way. */
  readonly run: string;
  /** The page to write. @default report.html in the run folder */
  readonly out?: string | undefined;
  /** Runs the best checkpoint on val, for all that is about classes, errors and pictures. @default true */
  readonly measure?: boolean | undefined;
  /** Pictures of each kind: best, worst, most surprising. @default 6 */
  readonly pictures?: number | undefined;
  readonly observer?: Observer | undefined;
  /** What `npm run build` made of `src/web/report`. @default `dist/web-report` of this package */
  readonly parts?: string | undefined;
}

export interface WrittenReport {
  readonly file: string;
  readonly bytes: number;
  /** What is not in the page, and why: a sentence each. */
  readonly missing: readonly string[];
}

/**
 * Writes the page.
 *
 * @throws UsageError when the folder holds no run, or the page would take the place of a file of it
 * @throws DatasetError when val is not where the config says; `measure: false` makes a smaller report without it
 */
export async function report({ run, out, measure = true, ...options }: ReportOptions): Promise<WrittenReport> {
  const record = await readRun(run);
  refuseOverwriting([out], filesBesidePages(run));
  const parts = await readParts(options.parts);
  const measurement: Measurement = measure ? await measureRun(record, options) : { missing: [notAsked] };
  const data = describeRun(record, measurement);
  const file = out ?? join(run, 'report.html');
  const page = await reportPage(data, parts, measurement.confusionPng);
  await writeAtomically(file, (handle) => handle.writeFile(page));
  return { file, bytes: Buffer.byteLength(page), missing: data.missing };
}

const notAsked = 'Nothing was measured for this page: it is made from the logs of the run alone.';

const builtParts = fileURLToPath(new URL('../../dist/web-report', import.meta.url));

/** @throws UsageError where they were not built */
export async function readParts(folder = builtParts): Promise<PageParts> {
  try {
    const [style, script] = await Promise.all(
      ['report.css', 'report.js'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    return { style: style!, script: script! };
  } catch {
    throw new UsageError(`${folder} does not hold the parts of the page: "npm run build" makes them`);
  }
}

interface Measurement {
  readonly measured?: MeasuredDetector;
  readonly confusionPng?: Buffer | undefined;
  /** The val set that was measured on. */
  readonly groundTruth?: CocoFile;
  readonly missing: readonly string[];
}

async function measureRun(
  record: RunRecord,
  { pictures = 6, observer }: Pick<ReportOptions, 'pictures' | 'observer'>,
): Promise<Measurement> {
  const { config, checkpoint } = record;
  if (config.task === 'classification')
    return {
      missing: ['Of a classifier there are the curves and numbers of its log; pictures are shown of detectors.'],
    };
  if (config.data.val === null)
    return { missing: ['The run has no val set (data.val), so that there is nothing to measure on.'] };
  if (checkpoint === undefined) return { missing: ['The run has no checkpoint yet.'] };
  const { measureForReport } = await import('./reportMeasurement.js'); // loads TensorFlow
  return { ...(await measureForReport({ checkpoint, split: config.data.val, pictures, observer })), missing: [] };
}

function describeRun(record: RunRecord, { measured, groundTruth, missing }: Measurement): ReportData {
  const { config, name, training, measurements, best, bestMetric, configText } = record;
  const data = config.task === 'detection' ? dataFacts(config, groundTruth) : undefined;
  return {
    name,
    summary: summaryOf(record, data),
    headline: config.task === 'detection' ? ['AP', 'AP50', 'AP75'] : ['top1', 'top5'],
    bestMetric,
    training,
    lossParts: lossPartsOf(training[0] ?? {}),
    measurements,
    best,
    measured,
    data: typeof data === 'string' ? undefined : data,
    facts: factsOf(record),
    config: configText,
    missing: [...missing, ...(typeof data === 'string' ? [data] : [])],
    version: packageVersion(),
  };
}

/** @param known the val set, where it was read already @returns a sentence where the annotations cannot be read */
function dataFacts({ data, model }: DetectionConfig, known: CocoFile | undefined): DataFacts | string {
  try {
    const train = readSplit(data.train);
    const val = known ?? (data.val ? readSplit(data.val) : undefined);
    return { train: cocoHealth(train), val: val && cocoHealth(val), fit: fitTo(model, train, data) };
  } catch (error) {
    if (!isForPeople(error)) throw error;
    return `The annotations of the run cannot be read from here: ${error.message}`;
  }
}

/** Which boxes a head can learn. */
function fitTo({ neck, head }: DetectionConfig['model'], train: CocoFile, resize: ResizeRule): BoxFit {
  const strides = neck.levels.map((level) => 2 ** Number(level.slice(1)));
  if (head.name === 'retinanet') {
    const boxes = fitToAnchors(train, resize, head.anchors, strides);
    return {
      boxes: boxes.map((box) => ({ ...box, isBeyond: isBeyondAnchors(box) })),
      anchors: anchorSides(head.anchors, strides),
    };
  }
  const boxes = boxesAsSeen(train, resize).map(({ width, height }) => {
    const isBeyond = meanPlaces([width, height], strides, head.rangeScale) < 1;
    return { width, height, isBeyond };
  });
  return { boxes, anchors: undefined };
}

function summaryOf(
  { config, measurements, training, seconds }: RunRecord,
  data: DataFacts | string | undefined,
): string {
  const { backbone } = config.model;
  const network = backbone.name === 'resnet' ? `ResNet-${backbone.depth}` : nameOfCmt(backbone.variant);
  const head =
    config.task === 'detection' ? { retinanet: 'RetinaNet', fcos: 'FCOS' }[config.model.head.name] : 'Classifier';
  const from =
    typeof data === 'object'
      ? ` on ${data.train.images.total} pictures with ${data.train.boxes.usable} boxes of ${data.train.categories.length} classes`
      : '';
  const time = seconds === undefined ? '' : ` in ${minutes(seconds)}`;
  return `${head} with ${network}, ${lengthOf({ config, measurements, training })}${from}${time}.`;
}

/** How far a run has come; in updates where time alone ends it, since such a run has no number of epochs. */
function lengthOf({ config, measurements, training }: Pick<RunRecord, 'config' | 'measurements' | 'training'>): string {
  const { epochs } = config.train;
  if (epochs === null) return `${training.at(-1)?.step ?? 0} updates`;
  return `${measurements.at(-1)?.epoch ?? Number(training.at(-1)?.epoch ?? -1) + 1} of ${epochs} epochs`;
}

const nameOfCmt = (variant: unknown): string =>
  typeof variant === 'string'
    ? variant.replace('cmt_', 'CMT-').replace(/-(\w)/, (_, letter) => `-${letter.toUpperCase()}`)
    : 'a CMT of its own widths';

function minutes(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds / 60);
  return whole < 120 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
}

function factsOf({ config, history, seconds, skipped, incidents, training, measurements }: RunRecord): Fact[] {
  const first = history[0];
  const { optimizer, batchSize, accumulate, seed, ema } = config.train;
  const resumed = history.filter(({ from }) => from === 'state').length;
  const versions = Object.entries(first?.versions ?? {}).map(
    ([name, version]) => `${name} ${version?.slice(0, 12) ?? 'installed'}`,
  );
  const size =
    config.task === 'detection' ? `${config.data.shortSide} / ${config.data.longSide}` : `${config.data.size}`;
  const facts: (Fact | undefined)[] = [
    first && ['begun', first.time.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')],
    seconds === undefined ? undefined : ['training time', minutes(seconds)],
    ['updates', String(Math.max(0, ...[training, measurements].map((lines) => lines.at(-1)?.step ?? 0)))],
    ['batch', `${batchSize}${accumulate > 1 ? ` x ${accumulate}` : ''}`],
    ['size of input (short / long side)', size],
    ['optimizer', `${optimizer.name}, rate ${optimizer.lr}, decay ${optimizer.weightDecay}`],
    ['schedule', config.train.schedule.name],
    ['average of weights', ema === null ? 'none' : String(ema)],
    ['seed', String(seed)],
    resumed > 0 ? ['resumed', `${resumed} times`] : undefined,
    ['pictures skipped', String(skipped)],
    ['steps that were odd', String(incidents)],
    first && [
      'on',
      `${first.platform}, ${first.devices.map((device) => device.split(':').slice(-2).join(' ')).join(', ')}`,
    ],
    versions.length > 0 ? ['versions', versions.join(', ')] : undefined,
    ['this page made on', `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores`],
  ];
  return facts.filter((fact): fact is Fact => fact !== undefined);
}
