import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

/** Longer than a JavaScript string can be (2^29 - 24 characters), so `JSON.parse` is no way to read it. */
const megabytes = 600;

it.runIf(process.env.CMTDET_SLOW)(
  `${megabytes} MB with long segmentations, in 300 MB of memory (CMTDET_SLOW=1)`,
  () => {
    const path = join(temporaryFolder(), 'instances.json');
    const boxes = writeLargeFile(path);
    const before = process.memoryUsage.rss();
    const started = performance.now();
    const { annotations } = parseCoco(path);
    const seconds = (performance.now() - started) / 1000;
    const grown = (process.resourceUsage().maxRSS * 1024 - before) / 1e6;
    console.info(`${megabytes} MB read in ${seconds.toFixed(1)} s; memory grew by at most ${grown.toFixed(0)} MB`);
    expect(annotations).toHaveLength(boxes);
    expect(grown).toBeLessThan(300);
  },
);

function writeLargeFile(path: string): number {
  const polygon = Array.from({ length: 20_000 }, (_, i) => (i * 0.37).toFixed(2)).join(', ');
  const file = openSync(path, 'w');
  writeSync(file, '{"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}], "annotations": [');
  let size = 0;
  let id = 0;
  while (size < megabytes * 1e6) {
    const separator = id > 0 ? ',\n' : '';
    const box = `"id": ${++id}, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3.5, 4], "area": 9, "iscrowd": 0`;
    size += writeSync(file, `${separator}{"segmentation": [[${polygon}]], ${box}}`);
  }
  writeSync(file, '], "categories": [{"id": 1, "name": "a"}]}');
  closeSync(file);
  return id;
}
