/** The first batches of a training run as sheets of pictures, as the network would see them. */

import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { drawSheet } from '../draw/drawSheet.js';
import { makeFolder } from '../formats/makeFolder.js';
import { type PreviewPicture, previewBatches } from '../train/preview.js';
import { dataEvents, type Observer } from './observer.js';

export interface PreviewOptions {
  readonly config: Config;
  /** Folder for the sheets. */
  readonly out: string;
  /** How many. @default 4 */
  readonly batches?: number | undefined;
  /** Of which epoch, from 1. @default 1 */
  readonly epoch?: number | undefined;
  readonly observer?: Observer | undefined;
}

/** A batch. */
export interface PreviewSheet {
  /** The file with its pictures. */
  readonly sheet: string;
  readonly pictures: readonly PictureFacts[];
}

/** What is known of a picture of a batch. */
export interface PictureFacts {
  /** The name of its file; of a mosaic, of its first one. */
  readonly file: string;
  /** Of the network's input, in pixels. */
  readonly width: number;
  readonly height: number;
  /** xyxy in pixels of the input, with the number of anchors that learn it. */
  readonly boxes: readonly {
    readonly label: string;
    readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
    readonly anchors: number;
  }[];
  /** A classifier's targets above what smoothing gives to all, the largest first. */
  readonly targets: readonly { readonly name: string; readonly weight: number }[];
}

/** @throws DatasetError with every problem of the data that can be seen before the first step */
export async function preview(options: PreviewOptions): Promise<PreviewSheet[]> {
  const { config, out, batches = 4, epoch = 1, observer = {} } = options;
  makeFolder(out);
  const sheets: PreviewSheet[] = []; // facts, and not the pixels: there may be many
  for await (const pictures of previewBatches(config, epoch - 1, dataEvents(observer))) {
    const sheet = join(out, `epoch${epoch}-batch${sheets.length}.jpg`);
    await drawSheet(
      pictures.map((picture) => ({
        image: picture.image,
        boxes: picture.boxes.map(({ box, label, name }) => ({ box, label, text: name })),
        caption: captionOf(picture),
      })),
      sheet,
    );
    sheets.push({ sheet, pictures: pictures.map(factsOf) });
    observer.onProgress?.(sheets.length, batches, sheet);
    if (sheets.length >= batches) break;
  }
  return sheets;
}

function captionOf({ file, targets }: PreviewPicture): string {
  const learnt = targets.map(({ name, weight }) => `${name} ${weight.toFixed(2)}`).join(' + ');
  return learnt ? `${learnt}  (${file})` : file;
}

function factsOf({ file, image: { width, height }, boxes, targets }: PreviewPicture): PictureFacts {
  return {
    file,
    width,
    height,
    boxes: boxes.map(({ box, name, anchors }) => ({ label: name, box, anchors })),
    targets,
  };
}
