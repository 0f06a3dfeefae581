/** What a worker does for one picture of a batch: from its bytes to its place in the batch's buffer. */
import { Random } from '../../random.js';
import { drawResizedCrop } from '../augment/randomResizedCrop.js';
import { type ChoosePart, type PixelRect, type RgbImage, rgbChannels } from '../image/image.js';
import { recycle } from '../image/pixelMemory.js';
import {
  type HandlerSettings,
  keptOf,
  type PictureHandler,
  type PictureSource,
  pixelsOf,
} from '../loading/pictureJob.js';
import { orBroken, pictureReader } from '../loading/pictureReader.js';
import {
  type EvaluationTransform,
  evaluationView,
  type TrainTransform,
  type TrainView,
  trainView,
  viewOfCrop,
} from './transforms.js';

/** What the loader tells its workers once. */
export interface ViewSettings {
  readonly transform:
    | ({ readonly purpose: 'train' } & TrainTransform)
    | ({ readonly purpose: 'evaluation' } & EvaluationTransform);
  readonly seed: number;
}

/** Which random numbers: the epoch, and the view's position in it over all processes. */
export type ViewDraw = readonly [epoch: number, position: number];

/** A picture that is in its place now. */
export interface MadeView {
  readonly erase: PixelRect | undefined;
}

export function viewHandler({
  reader,
  task: { transform, seed },
}: HandlerSettings<ViewSettings>): PictureHandler<PictureSource, ViewDraw, MadeView> {
  const { read, readPart, keepsWhole } = pictureReader(reader);
  const random = new Random(seed);
  return async ({ sources, how: draw, batch, place }) => {
    const source = sources[0]!;
    const bytes = transform.size ** 2 * rgbChannels;
    const target = new Uint8Array(batch, place * bytes, bytes);
    const drawn = random.fork(...draw);
    if (transform.purpose === 'train' && !source.pixels && !source.keepPixels && !keepsWhole) {
      // Nobody wants the whole picture, so only the crop is decoded.
      const choosePart: ChoosePart = ({ width, height }) => drawResizedCrop(width, height, drawn, transform.crop);
      const crop = await orBroken(source.name, readPart(source, choosePart));
      if ('reason' in crop) return crop;
      const view = viewOfCrop(crop, wholeOf(crop), transform, drawn, target);
      recycle(crop);
      return { made: placed(view, target), kept: [] };
    }
    const whole = await pixelsOf(source, read);
    if ('reason' in whole) return whole;
    const view =
      transform.purpose === 'train'
        ? trainView(whole, transform, drawn, target)
        : { image: evaluationView(whole, transform), erase: undefined };
    const filled = { made: placed(view, target), kept: [keptOf(source, whole)] };
    recycle(whole); // view and cache have copies; memory that is the cache's own is left alone
    return filled;
  };
}

const wholeOf = ({ width, height }: RgbImage): PixelRect => ({ left: 0, top: 0, width, height });

/** Puts a view into its place, where it is not there already. */
function placed({ image, erase }: TrainView, target: Uint8Array): MadeView {
  if (image.data !== target) {
    target.set(image.data);
    recycle(image);
  }
  return { erase };
}
