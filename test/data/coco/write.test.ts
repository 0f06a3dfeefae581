import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { DetectionColumnsBuilder } from '../../../src/data/coco/detectionColumns.js';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { parseResults } from '../../../src/data/coco/parseResults.js';
import { writeCoco, writeResults } from '../../../src/data/coco/write.js';
import { Random } from '../../../src/random.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});

/** More than one piece of the writer, some ids strings if asked. */
function detections(count: number, stringIds: boolean) {
  const random = new Random(1);
  const columns = new DetectionColumnsBuilder();
  for (let i = 0; i < count; i++) {
    const id = stringIds ? `image "${i}"` : 9007199254740991 - i;
    columns.addXywh(id, i % 80, random.normal(), random.next() / 3, Math.fround(random.next()), 1e-7, random.next());
  }
  return columns.columns();
}

it.each(['results.json', 'results.json.gz'])('%s: read back bit for bit', async (name) => {
  for (const [count, stringIds] of [
    [0, false],
    [1, false],
    [4096, false],
    [10_000, true],
  ] as const) {
    const written = detections(count, stringIds);
    await writeResults(join(folder, name), written);
    const read = parseResults(join(folder, name));
    expect(read.length).toBe(count);
    expect([...read.imageIds]).toEqual([...written.imageIds]);
    expect(read.boxesXywh).toEqual(written.boxesXywh);
    expect(read.scores).toEqual(written.scores);
    expect(read.categoryIds).toEqual(written.categoryIds);
  }
});

it('a results file is JSON that others read', async () => {
  const path = join(folder, 'one.json');
  await writeResults(path, detections(2, true));
  expect(JSON.parse(readFileSync(path, 'utf8'))[1]).toMatchObject({ image_id: 'image "1"', category_id: 1 });
});

it.each([0, 1, 5000])('annotations, %i images: read back as they were', async (count) => {
  const file = parseCoco({
    images: Array.from({ length: count }, (_, id) => ({ id, file_name: `${id}.jpg`, width: 4, height: 4 })),
    annotations: Array.from({ length: 2 * count }, (_, id) => {
      return { id, image_id: id >> 1, category_id: 0, bbox: [0.1, 0, 1 / 3, 2], area: 0.5, iscrowd: id % 2 };
    }),
    categories: [{ id: 0, name: 'é"' }],
  });
  await writeCoco(join(folder, 'coco.json'), file);
  expect(parseCoco(join(folder, 'coco.json'))).toEqual(file);
});

it('leaves nothing else behind', () => {
  expect(readdirSync(folder).sort()).toEqual(['coco.json', 'one.json', 'results.json', 'results.json.gz']);
});
