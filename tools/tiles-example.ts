/**
 * What tiles are worth where objects are small in large pictures: pictures of a data set are laid side by side to large ones, and a detector
 * is measured on them as it is, and with tiles.
 *
 *   npx tsx tools/tiles-example.ts CKPT ANNOTATIONS IMAGES [--columns 4] [--tile 480] [--overlap 0.2] [--score 0.05] [--pictures 5]
 */
import { parseArgs } from 'node:util';
import type { CocoAnnotation, CocoFile } from '../src/data/coco/cocoFile.js';
import { DetectionColumnsBuilder } from '../src/data/coco/detectionColumns.js';
import { parseCoco } from '../src/data/coco/parseCoco.js';
import { type RgbImage, rgbChannels } from '../src/data/image/image.js';
import { openImageRoot } from '../src/data/paths.js';
import type { Tiling } from '../src/detection/tiles.js';
import { evaluateCoco } from '../src/eval/cocoEval.js';
import { Detector } from '../src/models/detector.js';
import { openDecoder } from '../src/tensorflow/jpegDecoder.js';

const options = {
  columns: { type: 'string', default: '4' },
  tile: { type: 'string', default: '480' },
  overlap: { type: 'string', default: '0.2' },
  score: { type: 'string', default: '0.05' },
  pictures: { type: 'string', default: '5' },
} as const;
const { positionals, values } = parseArgs({ options, allowPositionals: true });
const [checkpoint, annotations, images] = positionals as [string, string, string];
const columns = Number(values.columns);

const { pictures, coco } = await layOut(parseCoco(annotations), Number(values.pictures));
const detector = Detector.load(checkpoint);
const { width, height } = pictures[0]!;
console.log(`${pictures.length} pictures of ${width} x ${height}, ${coco.annotations.length} objects`);
const tiling = { side: Number(values.tile), overlap: Number(values.overlap) };
for (const [name, tiles] of [
  ['whole pictures', undefined],
  [`tiles of ${tiling.side}, overlap ${tiling.overlap}`, tiling],
] as const) {
  const started = performance.now();
  const { AP, AP50, APs, APm, APl, AR1000 } = await measure(tiles);
  const show = (value: number | null | undefined) => value?.toFixed(3) ?? 'n/a';
  const seconds = (performance.now() - started) / 1000 / pictures.length;
  console.log(
    `${name}: AP ${show(AP)}, AP50 ${show(AP50)}, APs ${show(APs)}, APm ${show(APm)}, APl ${show(APl)}, AR1000 ${show(AR1000)}; ${seconds.toFixed(1)} s a picture`,
  );
}
await detector.dispose();

async function measure(tiles: Tiling | undefined) {
  const found = new DetectionColumnsBuilder();
  for (const [id, picture] of pictures.entries()) {
    const detections = await detector.detect(picture, {
      tiles,
      scoreThreshold: Number(values.score),
      maxDetections: 1000,
    });
    for (const { categoryId, box, score } of detections) found.addXyxy(id, categoryId, ...box, score);
  }
  return { ...evaluateCoco(coco, found.columns(), { maxDets: [1, 10, 1000] }).stats } as Record<string, number | null>;
}

/** Every columns x columns pictures as one, all of the size of the first. */
async function layOut(file: CocoFile, most: number): Promise<{ pictures: RgbImage[]; coco: CocoFile }> {
  const root = await openImageRoot(images);
  const decode = openDecoder();
  const size = { width: file.images[0]!.width!, height: file.images[0]!.height! };
  const fitting = file.images.filter((image) => image.width === size.width && image.height === size.height);
  const each = columns * columns;
  const count = Math.min(most, Math.floor(fitting.length / each));
  const laid: CocoAnnotation[] = [];
  const pictures: RgbImage[] = [];
  for (let p = 0; p < count; p++) {
    const large = { width: size.width * columns, height: size.height * columns };
    const data = new Uint8Array(large.width * large.height * rgbChannels);
    for (const [place, image] of fitting.slice(p * each, (p + 1) * each).entries()) {
      const [left, top] = [(place % columns) * size.width, Math.floor(place / columns) * size.height];
      const part = await decode(await root.find(image.file_name!));
      const rowBytes = size.width * rgbChannels;
      for (let row = 0; row < size.height; row++)
        data.set(
          part.data.subarray(row * rowBytes, (row + 1) * rowBytes),
          ((top + row) * large.width + left) * rgbChannels,
        );
      for (const annotation of file.annotations.filter(({ image_id }) => image_id === image.id)) {
        const [x, y, w, h] = annotation.bbox;
        laid.push({ ...annotation, id: laid.length + 1, image_id: p, bbox: [x + left, y + top, w, h] });
      }
    }
    pictures.push({ data, ...large });
  }
  const listed = pictures.map(({ width, height }, id) => ({ id, width, height }));
  return { pictures, coco: { images: listed, annotations: laid, categories: file.categories, repairs: [] } };
}
