/** `cmtdet data preview`: the batches of a training run as sheets of pictures. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../config/load.js';
import { drawSheet } from '../draw/drawSheet.js';
import { type PreviewPicture, previewBatches } from '../train/preview.js';
import { print, printJson } from './console.js';
import { SkippedPictures } from './skippedPictures.js';

export interface DataPreviewOptions {
  readonly out: string;
  readonly batches: number;
  readonly epoch: number;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Draws the first batches of an epoch, as the network would see them. */
export async function runDataPreview(configFile: string, options: DataPreviewOptions): Promise<void> {
  const config = await loadConfig(configFile, options.set);
  await mkdir(options.out, { recursive: true });
  const sheets: { sheet: string; pictures: ReturnType<typeof factsOf>[] }[] = []; // not the pixels: there may be many
  for await (const pictures of previewBatches(config, options.epoch - 1, new SkippedPictures())) {
    const sheet = join(options.out, `epoch${options.epoch}-batch${sheets.length}.jpg`);
    await drawSheet(
      pictures.map((picture) => ({
        image: picture.image,
        boxes: picture.boxes.map(({ box, label, name }) => ({ box, label, text: name })),
        caption: captionOf(picture),
      })),
      sheet,
    );
    sheets.push({ sheet, pictures: pictures.map(factsOf) });
    if (!options.json)
      print(`${sheet}: ${pictures.length} of ${pictures[0]!.image.width} x ${pictures[0]!.image.height}`);
    if (sheets.length >= options.batches) break;
  }
  const anchors = sheets.flatMap(({ pictures }) => pictures.flatMap(({ boxes }) => boxes.map((box) => box.anchors)));
  if (!options.json && anchors.length > 0) print(anchorsLine(anchors));
  if (options.json) printJson(sheets);
}

function captionOf({ file, targets }: PreviewPicture): string {
  const learnt = targets.map(({ name, weight }) => `${name} ${weight.toFixed(2)}`).join(' + ');
  return learnt ? `${learnt}  (${file})` : file;
}

/** Boxes that few anchors fit are learnt slowly: the one that overlaps most teaches, however little that is. */
function anchorsLine(anchors: readonly number[]): string {
  const sorted = anchors.toSorted((a, b) => a - b);
  const few = sorted.filter((count) => count <= 1).length;
  return (
    `${sorted.length} boxes, each learnt by ${sorted[0]} to ${sorted.at(-1)} anchors, median ${sorted[sorted.length >> 1]}` +
    (few > 0 ? `; by one at most: ${few} (model.anchors, data.shortSide)` : '')
  );
}

function factsOf({ file, image: { width, height }, boxes, targets }: PreviewPicture) {
  return {
    file,
    width,
    height,
    boxes: boxes.map(({ box, name, anchors }) => ({ label: name, box, anchors })),
    targets,
  };
}
