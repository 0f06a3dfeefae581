/**
 * Two small data sets of real pictures, on which the defaults of `cmtdet new` are tried beside BCCD (docs/results.md):
 *
 *   pip download deepforest==2.1.0 --no-deps && unzip -q deepforest-*.whl 'deepforest/data/*'
 *   npx tsx tools/small-sets.ts OUT --trees deepforest/data --signs ../shared/data/signdigits
 *
 * OUT/trees: crowns of trees from the air, which DeepForest (Weinstein et al., MIT licence) brings, cut into tiles; no part to measure on.
 * OUT/signs: boards with two to six photographs of hands that show digits, 200 to learn from and 60 to measure on; the hands of one
 * part are not in the other.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { CocoFile } from '../src/data/coco/cocoFile.js';
import { writeCoco } from '../src/data/coco/write.js';
import { vocToCoco } from '../src/index.data.js';
import { Random } from '../src/random.js';

type Writable = {
  -readonly [K in keyof Pick<CocoFile, 'images' | 'annotations' | 'categories'>]: CocoFile[K][number][];
};

const { positionals, values } = parseArgs({
  options: { trees: { type: 'string' }, signs: { type: 'string' } },
  allowPositionals: true,
});
const [out] = positionals;
if (out === undefined || (values.trees ?? values.signs) === undefined)
  throw new Error('small-sets.ts OUT with --trees FOLDER, --signs FOLDER, or both');
if (values.trees !== undefined) await makeTrees(values.trees, join(out, 'trees'));
if (values.signs !== undefined) {
  await makeSigns(join(values.signs, 'train'), join(out, 'signs'), 'train', 200);
  await makeSigns(join(values.signs, 'val'), join(out, 'signs'), 'val', 60);
}

/** Tiles of 256 pixels, side by side; a tree belongs to a tile that has at least half of its box. */
async function makeTrees(from: string, folder: string): Promise<void> {
  const side = 256;
  const { images, annotations } = await vocToCoco(from, { pixels: 'edges' });
  mkdirSync(folder, { recursive: true });
  const tiles: Writable = { images: [], annotations: [], categories: [{ id: 1, name: 'tree' }] };
  for (const { id, file_name } of images) {
    const picture = sharp(join(from, file_name!)).removeAlpha();
    const { width, height } = await picture.metadata();
    const boxes = annotations.filter(({ image_id }) => image_id === id).map(({ bbox }) => bbox);
    for (let top = 0; top + side <= height; top += side)
      for (let left = 0; left + side <= width; left += side) {
        const inside = boxes.map((box) => clip(box, left, top, side)).filter((box) => box !== undefined);
        if (inside.length === 0) continue;
        const tile = { id: tiles.images.length + 1, file_name: `tile_${tiles.images.length + 1}.png` };
        await picture.clone().extract({ left, top, width: side, height: side }).toFile(join(folder, tile.file_name));
        add(
          tiles,
          { ...tile, width: side, height: side },
          inside.map((bbox) => ({ bbox, category: 1 })),
        );
      }
  }
  await writeCoco(join(folder, 'annotations.json'), tiles);
  console.log(`${folder}: ${tiles.images.length} pictures, ${tiles.annotations.length} boxes`);
}

type Box = CocoFile['annotations'][number]['bbox'];

function clip([x, y, width, height]: Box, left: number, top: number, side: number): Box | undefined {
  const [x1, y1] = [Math.max(0, x - left), Math.max(0, y - top)];
  const [w, h] = [Math.min(side, x - left + width) - x1, Math.min(side, y - top + height) - y1];
  return w > 0 && h > 0 && w * h >= (width * height) / 2 ? [x1, y1, w, h] : undefined;
}

/** Boards of 320 x 256 pixels; what is behind the photographs is another one, enlarged and blurred. */
async function makeSigns(from: string, folder: string, split: string, count: number): Promise<void> {
  const [width, height, cell] = [320, 256, 106];
  const classes = readdirSync(from).sort();
  const photographs = classes.map((name) =>
    readdirSync(join(from, name))
      .sort()
      .map((file) => join(from, name, file)),
  );
  const random = new Random(split === 'train' ? 1 : 2);
  const pick = <T>(list: readonly T[]): T => list[random.uint32() % list.length]!;
  const boards: Writable = { images: [], annotations: [], categories: classes.map((name, i) => ({ id: i + 1, name })) };
  mkdirSync(join(folder, split), { recursive: true });
  for (let i = 0; i < count; i++) {
    const cells = [0, 1, 2, 3, 4, 5].map((at) => ({ at, order: random.uint32() })).sort((a, b) => a.order - b.order);
    const placed = cells.slice(0, 2 + (random.uint32() % 5)).map(({ at }) => {
      const side = 60 + (random.uint32() % 45);
      const label = random.uint32() % classes.length;
      const left = (at % 3) * cell + (random.uint32() % (cell - side));
      const top = Math.floor(at / 3) * 128 + (random.uint32() % (128 - side));
      return { side, label, left, top, file: pick(photographs[label]!) };
    });
    const input = await Promise.all(placed.map(({ file, side }) => sharp(file).resize(side, side).toBuffer()));
    const file_name = `${split}/${i}.jpg`;
    await sharp(pick(pick(photographs)))
      .resize(width, height, { fit: 'cover' })
      .blur(12)
      .composite(placed.map(({ left, top }, k) => ({ input: input[k]!, left, top })))
      .jpeg({ quality: 92 })
      .toFile(join(folder, file_name));
    const boxes = placed.map(({ left, top, side, label }) => ({
      bbox: [left, top, side, side] as Box,
      category: label + 1,
    }));
    add(boards, { id: i + 1, file_name, width, height }, boxes);
  }
  await writeCoco(join(folder, `instances_${split}.json`), boards);
  console.log(`${folder}: ${split}, ${boards.images.length} pictures, ${boards.annotations.length} boxes`);
}

function add(
  { images, annotations }: Writable,
  image: Writable['images'][number],
  boxes: readonly { readonly bbox: Box; readonly category: number }[],
): void {
  images.push(image);
  for (const { bbox, category } of boxes)
    annotations.push({
      id: annotations.length + 1,
      image_id: image.id,
      category_id: category,
      bbox,
      area: bbox[2] * bbox[3],
      iscrowd: 0,
    });
}
