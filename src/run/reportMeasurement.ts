/** A checkpoint on its val set, as a report shows it. */
import sharp from 'sharp';
import type { DetectionConfig } from '../config/schema.js';
import type { CocoFile } from '../data/coco/cocoFile.js';
import { type RgbImage, rgbChannels } from '../data/image/image.js';
import { type ImageRoot, openImageRoot, PathError } from '../data/paths.js';
import { classColour, toHex } from '../draw/colours.js';
import { ImageError } from '../errors.js';
import { confusionMatrix } from '../eval/confusion.js';
import { errorCosts } from '../eval/errorBreakdown.js';
import { type EvalData, prepareEvalData } from '../eval/evalData.js';
import { type JudgedPicture, judgePictures, rankPictures } from '../eval/pictureRanking.js';
import { bestScore, byLeastScore, calibration } from '../eval/scoreQuality.js';
import { isIgnored, judge, usualThresholds, verdictList } from '../eval/verdicts.js';
import { isPictured } from '../report/errorsSection.js';
import type { BoxXywh, ShownDetection, ShownTruth } from '../report/pageData.js';
import type { MeasuredDetector, ShownPicture, ShownPictures } from '../report/reportData.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import { type Evaluation, evaluate } from './evaluate.js';
import type { Observer } from './observer.js';

export interface ReportMeasurementOptions {
  readonly checkpoint: string;
  readonly split: NonNullable<DetectionConfig['data']['val']>;
  /** Of each kind. */
  readonly pictures: number;
  readonly observer?: Observer | undefined;
}

/** Longest side of a picture in the page, in pixels. */
const shownSide = 800;

/** @throws DatasetError, CheckpointError with all that is wrong with a file */
export async function measureForReport(
  options: ReportMeasurementOptions,
): Promise<{ measured: MeasuredDetector; confusionPng: Buffer | undefined; groundTruth: CocoFile }> {
  const { checkpoint, split, observer } = options;
  const pace = new Pace();
  const onProgress = (done: number, total: number, what: string) => {
    pace.hear(done);
    observer?.onProgress?.(done, total, what);
  };
  const evaluation = await evaluate({ checkpoint, ...split, onBroken: 'skip', observer: { ...observer, onProgress } });
  const { groundTruth, detections } = evaluation;
  const data = prepareEvalData(groundTruth, detections, { useCats: false, source: checkpoint });
  const judgement = judge(data, usualThresholds);
  const verdicts = verdictList(judgement);
  const objects = [...data.groundTruth.categories.keys()].filter((row) => !isIgnored(data.groundTruth, row)).length;
  const byScore = byLeastScore(verdicts, objects);
  const leastScore = bestScore(byScore);
  const confusion = confusionMatrix(data, { scoreThreshold: Math.max(0.05, leastScore.score) });
  const judged = judgePictures(data, verdicts, leastScore.score);
  const measured: MeasuredDetector = {
    evaluation,
    confusion,
    errors: errorCosts(data, judgement, usualThresholds),
    calibration: calibration(verdicts),
    byScore,
    leastScore,
    pictures: await showPictures(evaluation, data, judged, options),
    count: groundTruth.images.length,
    picturesPerSecond: pace.rate,
  };
  if (!isPictured(confusion)) return { measured, confusionPng: undefined, groundTruth };
  const { drawConfusion } = await import('../eval/plots.js');
  return { measured, confusionPng: await drawConfusion(confusion), groundTruth };
}

/** Pictures a second after the first ones, for which the network is prepared. */
class Pace {
  #first: { readonly done: number; readonly at: number } | undefined;
  rate: number | undefined;

  hear(done: number): void {
    const at = performance.now();
    if (this.#first === undefined) this.#first = { done, at };
    else this.rate = (1000 * (done - this.#first.done)) / (at - this.#first.at);
  }
}

async function showPictures(
  { groundTruth }: Evaluation,
  data: EvalData,
  judged: readonly JudgedPicture[],
  { split, pictures: count }: ReportMeasurementOptions,
): Promise<ShownPictures> {
  const { best, worst, surprising } = rankPictures(judged, count);
  const root = await openImageRoot(split.images);
  const names = new Map(groundTruth.images.map(({ id, file_name }) => [id, file_name]));
  const shown = new Map<number, number>(); // of an image: where its picture is
  const pictures: ShownPicture[] = [];
  const show = async (group: readonly JudgedPicture[]): Promise<number[]> => {
    const indices: number[] = [];
    for (const picture of group) {
      let index = shown.get(picture.image);
      if (index === undefined) {
        const name = names.get(data.imageIds[picture.image]!)!;
        const image = await readPicture(root, name);
        if (image === undefined) continue;
        index = pictures.length;
        shown.set(picture.image, index);
        const { width, height } = image;
        const jpeg = await sharp(image.data, { raw: { width, height, channels: rgbChannels } })
          .resize({ width: shownSide, height: shownSide, fit: 'inside', withoutEnlargement: true })
          .jpeg({ quality: 78 })
          .toBuffer();
        pictures.push({ name, jpeg, width, height, ...boxesOf(data, picture) });
      }
      indices.push(index);
    }
    return indices;
  };
  const groups = [
    { title: 'Worst', why: 'Most mistakes for what is in them.', pictures: await show(worst) },
    {
      title: 'Most surprising',
      why: 'Where it was surest and wrong. Look at the truth too: it may be the one that errs.',
      pictures: await show(surprising),
    },
    { title: 'Best', why: 'Fewest mistakes, with most objects.', pictures: await show(best) },
  ];
  return {
    categories: data.categories.map(({ name }, label) => ({ name, colour: toHex(classColour(label)) })),
    groups: groups.filter(({ pictures: members }) => members.length > 0),
    pictures,
  };
}

/** undefined for one that was skipped: it is not there, or cannot be decoded. */
async function readPicture(root: ImageRoot, name: string): Promise<RgbImage | undefined> {
  try {
    return await openDecoder()(await root.find(name));
  } catch (error) {
    if (error instanceof ImageError || error instanceof PathError) return undefined;
    throw error;
  }
}

/** Truth, crowd regions last, and detections, best first, in pixels of the original. */
function boxesOf(
  { groundTruth, detections }: EvalData,
  { image, objects, verdicts }: JudgedPicture,
): { truth: ShownTruth[]; found: ShownDetection[] } {
  const crowds = [...groundTruth.images.keys()].filter(
    (row) => groundTruth.images[row] === image && isIgnored(groundTruth, row),
  );
  const truth = [...objects, ...crowds].map((row): ShownTruth => {
    return { label: groundTruth.categories[row]!, box: boxAt(groundTruth.boxesXywh, row), crowd: crowds.includes(row) };
  });
  const found = verdicts.map(({ detection, category, score, kind, object }): ShownDetection => {
    const isRight = kind === 'right';
    return {
      label: category,
      box: boxAt(detections.boxesXywh, detection),
      score,
      kind,
      object: isRight ? objects.indexOf(object) : -1,
    };
  });
  return { truth, found };
}

const boxAt = (boxesXywh: Float64Array, row: number): BoxXywh =>
  [...boxesXywh.subarray(4 * row, 4 * row + 4)] as unknown as BoxXywh;
