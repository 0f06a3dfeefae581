import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CocoFile } from '../../../../src/data/coco/cocoFile.js';
import { type FormatName, formats } from '../../../../src/data/coco/convert/formats.js';
import { toCoco } from '../../../../src/data/coco/convert/toCoco.js';
import { checkPictures } from '../../../../src/data/pictureCheck.js';
import {
  annotationWriters,
  type Layout,
  type SamplePicture,
  writeFiles,
  writePictures,
} from '../../../support/annotationWriters.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

const folder = temporaryFolder();

const side = fc.integer({ min: 8, max: 60 });
const label = fc.constantFrom('cat', 'dog', 'red cell', 'Übung', '7', 'a.b');
/** Two pictures in different folders may have one name; endings differ. */
const fileName = fc
  .tuple(fc.constantFrom('', 'x/', 'y/', 'x/deep er/'), fc.constantFrom('1', '2', 'a.b', 'Käse 3'))
  .map(([path, name]) => `${path}${name}`);

const picture = fc
  .record({ file: fileName, ending: fc.constantFrom('.png', '.jpg', '.JPG', '.bmp.png'), width: side, height: side })
  .chain(({ file, ending, width, height }) => {
    const span = (length: number) =>
      fc.tuple(fc.nat(length - 2), fc.nat(length - 2)).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 2] as const);
    const object = fc
      .record({ label, x: span(width), y: span(height) })
      .map(({ label, x, y }) => ({ label, box: [x[0], y[0], x[1], y[1]] as const }));
    const objects = fc.uniqueArray(object, { maxLength: 4, selector: (one) => JSON.stringify(one) });
    return objects.map((objects): SamplePicture => ({ file: file + ending, width, height, objects }));
  });

const pictures = fc
  .uniqueArray(picture, {
    minLength: 1,
    maxLength: 5,
    selector: ({ file }) => file.replace(/\.\w+$/, '').toLowerCase(),
  })
  .filter((all) => all.some(({ objects }) => objects.length > 0));

const layout: fc.Arbitrary<Layout> = fc.record({
  images: fc.constantFrom('images', 'JPEGImages', 'data/train/images'),
  labels: fc.constantFrom('', 'images', 'labels', 'Annotations', 'data/train/labels'),
  separator: fc.constantFrom('/' as const, '\\' as const),
  newline: fc.constantFrom('\n' as const, '\r\n' as const),
});

/** What a data set says, whatever its ids are: exact but for the rounding of shares. */
function meaning({ images, annotations, categories }: CocoFile) {
  const nameOf = new Map(categories.map(({ id, name }) => [id, name]));
  return images
    .map(({ id, file_name, width, height }) => ({
      file: file_name,
      width,
      height,
      objects: annotations
        .filter(({ image_id }) => image_id === id)
        .map(
          ({ category_id, bbox }) =>
            `${nameOf.get(category_id)} ${bbox.map((number) => Math.round(number * 1e6) / 1e6).join(' ')}`,
        )
        .sort(),
    }))
    .sort((a, b) => (a.file! < b.file! ? -1 : 1));
}

function meant(all: readonly SamplePicture[]) {
  return all
    .map(({ file, width, height, objects }) => ({
      file,
      width,
      height,
      objects: objects.map(({ label, box: [x1, y1, x2, y2] }) => `${label} ${x1} ${y1} ${x2 - x1} ${y2 - y1}`).sort(),
    }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

describe.each(Object.keys(annotationWriters) as (keyof typeof annotationWriters)[])('%s', (name) => {
  const format = formats[name.replace(/,.*/, '') as FormatName];
  it('written and read back is the same data set, whatever folders, separators and endings', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, layout, async (all, places) => {
        const root = mkdtempSync(join(folder, `${name}-`));
        await writePictures(root, all, places.images);
        const { files, input } = annotationWriters[name](all, places);
        writeFiles(root, files);
        const from = join(root, input);
        const images = join(root, places.images);
        const { file } = await toCoco(from, format.open(from, {}), { images, strict: true });
        expect(meaning(file)).toEqual(meant(all));
        const { broken, otherSize } = await checkPictures(file, images, { pixels: true });
        expect([broken, otherSize]).toEqual([[], []]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
