import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { UsageError } from '../../errors.js';
import { makeFolder } from '../../formats/makeFolder.js';
import { writeWhole } from '../../formats/writeWhole.js';
import { Random } from '../../random.js';
import type { RgbImage } from '../image/image.js';
import { rgbChannels } from '../image/image.js';
import { renderScene } from './render.js';
import { randomScene, type Scene, shapeNames } from './scene.js';

export interface ShapesOptions {
  /** @default 1 */
  readonly seed?: number;
  /** Pictures to train on. @default 1200 */
  readonly train?: number;
  /** Pictures to measure on. @default 100 */
  readonly val?: number;
  /** Side of the pictures, in pixels. @default 128 */
  readonly size?: number;
  readonly onPicture?: (done: number, total: number) => void;
}

/** Where the generator put things. */
export interface ShapesFiles {
  /** Folder with `train/<class>/` and `val/<class>/`: single shapes, cut out with some of what is around them. */
  readonly crops: string;
  readonly splits: Readonly<Record<'train' | 'val', { readonly images: string; readonly annotations: string }>>;
}

/** Changes with what is drawn, so that an older data set is not taken for a present one. */
const generation = 1;

/** How each `recipe.json` of ours begins: the mark of a folder whose data may be made anew. */
const ours = '{"generation":';

/** Side of the crops, in pixels. */
const cropSize = 64;

/**
 * Makes the demo's data set in `folder`: pictures of shapes with COCO json, and class folders of crops. The same options
 * give the same pictures. What is there from an earlier call with the same options is used as it is; of other options, or of a
 * call that was killed, it is removed.
 *
 * @throws UsageError where something is there that no call of this has made
 */
export async function generateShapes(folder: string, options: ShapesOptions = {}): Promise<ShapesFiles> {
  const { seed = 1, train = 1200, val = 100, size = 128, onPicture = () => {} } = options;
  const files: ShapesFiles = {
    crops: join(folder, 'crops'),
    splits: {
      train: { images: join(folder, 'train'), annotations: join(folder, 'instances_train.json') },
      val: { images: join(folder, 'val'), annotations: join(folder, 'instances_val.json') },
    },
  };
  const recipe = JSON.stringify({ generation, seed, train, val, size });
  const stamp = join(folder, 'recipe.json');
  const earlier = await readFile(stamp, 'utf8').catch(() => undefined);
  if (earlier === recipe) return files;
  const made = [
    files.crops,
    ...Object.values(files.splits).flatMap(({ images, annotations }) => [images, annotations]),
  ];
  if (!earlier?.startsWith(ours)) refuseOthers([stamp, ...made], 'choose another folder');
  makeFolder(folder);
  await writeWhole(stamp, `${ours}${generation},"unfinished":true}`); // so that a later call may remove what a killed one leaves
  for (const old of made) await rm(old, { recursive: true, force: true });

  const random = new Random(seed);
  let done = 0;
  for (const [index, split] of (['train', 'val'] as const).entries()) {
    const { images, annotations } = files.splits[split];
    makeFolder(images);
    for (const name of shapeNames) makeFolder(join(files.crops, split, name));
    const scenes: Scene[] = [];
    for (let i = 0; i < (split === 'train' ? train : val); i++) {
      const scene = randomScene(random.fork(index, i, 0), size);
      const picture = await renderScene(scene, random.fork(index, i, 1));
      await writeWhole(join(images, pictureName(i)), await encoder(picture).toBuffer());
      await writeCrops(scene, picture, join(files.crops, split), i);
      scenes.push(scene);
      onPicture(++done, train + val);
    }
    await writeWhole(annotations, JSON.stringify(cocoOf(scenes)));
  }
  await writeWhole(stamp, recipe);
  return files;
}

/** @param hint what to do, beside taking things away. @throws UsageError naming those that are there, and would be removed */
export function refuseOthers(paths: readonly string[], hint: string): void {
  const others = paths.filter((path) => existsSync(path));
  if (others.length > 0)
    throw new UsageError(
      `${others.join(', ')}: there already, and not made by an earlier call: ${hint}, or take away what is there`,
    );
}

/** The COCO json of one split. */
function cocoOf(scenes: readonly Scene[]) {
  const images = scenes.map(({ size }, i) => ({ id: i + 1, file_name: pictureName(i), width: size, height: size }));
  const parts = scenes.flatMap(({ shapes, visible }, i) =>
    visible.map((part, j) => ({ imageId: i + 1, name: shapes[j]!.name, part })),
  );
  const annotations = parts.map(({ imageId, name, part }, i) => ({
    id: i + 1,
    image_id: imageId,
    category_id: shapeNames.indexOf(name) + 1,
    bbox: part.boxXywh,
    area: part.area,
    iscrowd: 0,
  }));
  return { images, annotations, categories: shapeNames.map((name, i) => ({ id: i + 1, name })) };
}

/** A square around each shape, with a fifth of its side as margin, pushed into the picture where it sticks out. */
async function writeCrops(
  { size, shapes, visible }: Scene,
  picture: RgbImage,
  folder: string,
  scene: number,
): Promise<void> {
  for (const [i, { boxXywh }] of visible.entries()) {
    const [x, y, width, height] = boxXywh;
    const side = Math.min(size, Math.round(1.4 * Math.max(width, height)));
    const start = (from: number, length: number) =>
      Math.min(size - side, Math.max(0, Math.round(from + length / 2 - side / 2)));
    const crop = encoder(picture)
      .extract({ left: start(x, width), top: start(y, height), width: side, height: side })
      .resize(cropSize, cropSize);
    await writeWhole(join(folder, shapes[i]!.name, pictureName(scene, i)), await crop.toBuffer());
  }
}

function encoder({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: rgbChannels } }).jpeg({ quality: 92 });
}

function pictureName(picture: number, shape?: number): string {
  const number = String(picture + 1).padStart(4, '0');
  return shape === undefined ? `${number}.jpg` : `${number}_${shape + 1}.jpg`;
}
