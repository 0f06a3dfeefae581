/**
 * For a process that may mount: has all that is written by commands, but for training runs, written to a full disk, then to a
 * read-only one. Prints what each was refused with, and what was left on the disk.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DetectionColumnsBuilder } from '../../src/data/coco/detectionColumns.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { writeCoco } from '../../src/data/coco/write.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { drawBoxes } from '../../src/draw/drawBoxes.js';
import { drawSheet } from '../../src/draw/drawSheet.js';
import { evaluateCoco } from '../../src/eval/cocoEval.js';
import { OnnxGraph } from '../../src/export/onnx/onnxGraph.js';
import { writeOnnx } from '../../src/export/onnx/write.js';
import { makeFolder } from '../../src/formats/makeFolder.js';
import { writeWhole } from '../../src/formats/writeWhole.js';
import { writeAnalysis } from '../../src/run/analysis.js';
import { noiseImage } from './images.js';

const disk = join(process.argv[2]!, 'disk');
const at = (name: string) => join(disk, name);
const image = noiseImage(200, 200);
const long = 'x'.repeat(40_000);
const truth = parseCoco({
  images: [{ id: 1, file_name: long, width: 9, height: 9 }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 5, 5], area: 25, iscrowd: 0 }],
  categories: [{ id: 1, name: long }],
});

let folders = 0;

const writers: Record<string, () => unknown> = {
  'a picture with boxes': () => drawBoxes(image, [], at('boxes.jpg')),
  'a sheet of pictures': () => drawSheet([{ image, boxes: [], caption: '' }], at('sheet.jpg')),
  'the shapes of the demo': () => generateShapes(at('shapes'), { train: 20, val: 1 }),
  'a list of results': () => writeWhole(at('list.json'), long),
  'COCO json': () => writeCoco(at('coco.json'), truth),
  'curves and charts': () => {
    const detections = new DetectionColumnsBuilder().columns();
    const evaluation = evaluateCoco(truth, detections);
    return writeAnalysis({ evaluation, groundTruth: truth, detections, source: '', out: at('charts') });
  },
  ONNX: () => {
    const graph = new OnnxGraph(17);
    graph.floats(Array.from({ length: 20_000 }, (_, i) => i));
    return writeOnnx(at('model.onnx'), graph, { version: '0', metadata: {} });
  },
  'a folder': () => makeFolder(at(`folder ${++folders}`)),
};

async function refusals(): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const [name, write] of Object.entries(writers)) {
    try {
      await write();
    } catch (error) {
      const { code, path, message } = error as NodeJS.ErrnoException;
      said[name] = path === undefined ? message : `${code} ${relative(disk, path)}`;
    }
  }
  return said;
}

mkdirSync(disk);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
const { bavail, bsize } = statfsSync(disk);
writeFileSync(at('ballast'), new Uint8Array(bavail * bsize - 8192));
const full = await refusals();
const left = readdirSync(disk, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name);
execFileSync('mount', ['-o', 'remount,ro', disk]);
process.stdout.write(JSON.stringify({ full, left, readOnly: await refusals() }));
