/** Batches of views of single pictures: what training and measuring have in common. */
import { join } from 'node:path';
import type { FilePart } from '../cache/diskCache.js';
import type { PixelRect } from '../image/image.js';
import { rgbChannels } from '../image/image.js';
import type { LoadingOptions } from '../loading/options.js';
import { type BatchPlan, type MadeBatch, PictureBatches } from '../loading/pictureBatches.js';
import type { PictureSource } from '../loading/pictureJob.js';
import type { ReaderSettings } from '../loading/pictureReader.js';
import type { Sharing } from '../loading/shard.js';
import { workerModule } from '../parallel/workerPool.js';
import type { ClassificationDataset, ClassPicture } from './dataset.js';
import { type MadeView, type ViewDraw, type ViewSettings, viewHandler } from './viewHandler.js';

export interface ViewBatch {
  /** [B, S, S, 3] 8-bit sRGB. Valid until the next batch is asked for: its memory is used again. */
  readonly images: Uint8Array;
  readonly batchSize: number;
  /** S: side of the pictures, in pixels. */
  readonly size: number;
  /** [B] */
  readonly labels: Int32Array;
  /** [B] paths below the data set's root. */
  readonly files: readonly string[];
  /** The first `distinct` entries count in a measurement; the others repeat pictures so that every batch has one size. */
  readonly distinct: number;
}

export interface ViewLoaderOptions extends LoadingOptions, Sharing {
  readonly dataset: ClassificationDataset;
}

/** A view of one picture. `draw` says which random numbers are its own: the epoch, and its position in that. */
export interface PlannedView {
  readonly picture: number;
  readonly draw: ViewDraw;
}

/** @param views [B] */
export function viewPlan(views: readonly PlannedView[], distinct: number, size: number): BatchPlan<ViewDraw> {
  return {
    places: views.map(({ picture, draw }) => ({ pictures: [picture], how: draw })),
    distinct,
    bytes: size * size * rgbChannels,
  };
}

export type ViewBatches = PictureBatches<PictureSource, ViewDraw, MadeView>;

/** @param isPart whether other processes make each step together with this one */
export function openViewBatches(
  { dataset, ...options }: ViewLoaderOptions,
  settings: ViewSettings,
  isPart: boolean,
): ViewBatches {
  const { root, pictures } = dataset;
  const task = {
    source: (index: number) => ({ ...filePart(root, pictures[index]!), name: pictures[index]!.file }),
    batchBytes: options.batchSize * settings.transform.size ** 2 * rgbChannels,
    isPart,
    handler: (reader: ReaderSettings) => viewHandler({ reader, task: settings }),
    module: workerModule(import.meta.url, './view.worker'),
    settings,
  };
  return new PictureBatches(task, options);
}

/** What was made of a plan, and the part of each picture that is to be erased. */
export function viewBatchOf(
  { plan, images, origins, made, distinct }: MadeBatch<MadeView, BatchPlan<ViewDraw>>,
  { pictures }: ClassificationDataset,
  size: number,
): ViewBatch & { readonly erase: readonly (PixelRect | undefined)[] } {
  const shown = origins.map((place) => pictures[plan.places[place]!.pictures[0]!]!);
  return {
    images,
    batchSize: shown.length,
    size,
    labels: Int32Array.from(shown, ({ label }) => label),
    files: shown.map(({ file }) => file),
    distinct,
    erase: made.map(({ erase }) => erase),
  };
}

/** Where the bytes of a picture are. */
export function filePart(root: string, { file, bytes }: ClassPicture): FilePart {
  return bytes ? { file: root, bytes } : { file: join(root, file) };
}
