import sharp from 'sharp';
import { type RgbImage, rgbChannels } from '../data/image/image.js';
import { shortened } from '../formats/shortened.js';
import { type DrawnBox, paintBoxes, resized, sharpOf } from './drawBoxes.js';
import { letter } from './lettering.js';
import { writePicture } from './writePicture.js';

/** A picture of a sheet, with boxes in its pixels. */
export interface SheetPicture {
  readonly image: RgbImage;
  readonly boxes: readonly DrawnBox[];
  /** Written below. */
  readonly caption: string;
}

/** Pixels. */
const sheetWidth = 1920;
const mostColumns = 3;
const gap = 8;
const letterSize = 12;
const captionHeight = 2 * letterSize + gap;
/** Letters. */
const longestCaption = 80;
const paper = '#fff';
const ink = '#222';

/** Draws pictures of one size side by side, three in a row, and writes the sheet; the ending of `file` decides the format. */
export async function drawSheet(pictures: readonly SheetPicture[], file: string): Promise<void> {
  const { width: pictureWidth, height: pictureHeight } = pictures[0]!.image;
  const columns = Math.min(mostColumns, pictures.length);
  const rows = Math.ceil(pictures.length / columns);
  const cellWidth = Math.floor((sheetWidth - gap) / mostColumns) - gap;
  const cellHeight = Math.round((pictureHeight * cellWidth) / pictureWidth);
  const cells = await Promise.all(
    pictures.map(async (picture, i) => ({
      input: await drawCell(picture, cellWidth, cellHeight),
      left: gap + (i % columns) * (cellWidth + gap),
      top: gap + Math.floor(i / columns) * (cellHeight + captionHeight),
    })),
  );
  const size = {
    width: gap + columns * (cellWidth + gap),
    height: gap + rows * (cellHeight + captionHeight),
  };
  const sheet = sharp({ create: { ...size, channels: rgbChannels, background: paper } }).composite(cells);
  await writePicture(sheet.removeAlpha(), file);
}

/** A picture with its boxes and its caption, as PNG. */
async function drawCell({ image, boxes, caption }: SheetPicture, width: number, height: number): Promise<Buffer> {
  const picture = await resized(image, width, height);
  await paintBoxes(picture, boxes, width / image.width);
  const text = letter(shortened(caption, longestCaption), 2, letterSize + gap / 2, letterSize, ink).svg;
  const captionSvg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${captionHeight}">${text}</svg>`;
  return sharpOf(picture)
    .extend({ bottom: captionHeight, background: paper })
    .composite([{ input: Buffer.from(captionSvg), left: 0, top: height }])
    .png({ compressionLevel: 0 })
    .toBuffer();
}
