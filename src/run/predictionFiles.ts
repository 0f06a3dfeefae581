/** What was found, in the forms that other programs read. Every file is whole at any time, also when the work is stopped. */
import { open } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Category } from '../data/detection/dataset.js';
import { writeAtomically } from '../formats/atomic.js';
import { makeFolder } from '../formats/makeFolder.js';
import { writeWhole } from '../formats/writeWhole.js';
import type { Prediction } from './predict.js';

/**
 * - `json`: detections.json, a list of pictures, as `predict` returns it
 * - `coco`: coco.json, a data set with the detections as annotations that have scores
 * - `csv`: detections.csv, a row a detection
 * - `yolo`: labels/NAME.txt, a line a detection, with its score last; classes.txt
 * - `labelme`: labelme/NAME.json, to be mended by hand
 */
export const predictionForms = ['json', 'coco', 'csv', 'yolo', 'labelme'] as const;
export type PredictionForm = (typeof predictionForms)[number];

export interface PredictionFile {
  /** @param name of the picture among those that are drawn, without folder */
  add(prediction: Prediction, name: string): Promise<void>;
  /** Makes the files what they are to be in the end. */
  finish(): Promise<void>;
}

/** The files that forms have whatever the pictures are called. */
export const fixedFiles = (forms: readonly PredictionForm[], out: string): string[] => {
  const names: Partial<Record<PredictionForm, string>> = {
    json: 'detections.json',
    coco: 'coco.json',
    csv: 'detections.csv',
  };
  return forms.flatMap((form) => names[form] ?? []).map((name) => join(out, name));
};

export async function openPredictionFile(
  form: PredictionForm,
  out: string,
  categories: readonly Category[],
): Promise<PredictionFile> {
  switch (form) {
    case 'json':
      return new JsonList(join(out, 'detections.json'));
    case 'coco':
      return new CocoJson(join(out, 'coco.json'), categories);
    case 'csv':
      return openCsv(join(out, 'detections.csv'));
    case 'yolo':
      return openYolo(join(out, 'labels'), categories);
    case 'labelme':
      return openLabelme(join(out, 'labelme'));
  }
}

/** Milliseconds between two times that a growing file is written anew: what a killed process can lose. */
const rewriteMs = 5000;

/** A file that is replaced by a longer one from time to time, so that what is there is always whole. */
abstract class GrowingFile implements PredictionFile {
  #written = performance.now();

  constructor(readonly path: string) {}

  async add(prediction: Prediction): Promise<void> {
    this.take(prediction);
    if (performance.now() - this.#written < rewriteMs) return;
    await this.finish();
    this.#written = performance.now();
  }

  finish(): Promise<void> {
    return writeAtomically(this.path, async (file) => {
      for (const piece of this.pieces()) await file.writeFile(piece);
    });
  }

  protected abstract take(prediction: Prediction): void;
  protected abstract pieces(): Iterable<string>;
}

class JsonList extends GrowingFile {
  readonly #pictures: string[] = [];

  protected take(prediction: Prediction): void {
    this.#pictures.push(JSON.stringify(prediction, null, 2).replace(/^/gm, '  '));
  }

  protected *pieces(): Generator<string> {
    yield* list(this.#pictures);
    yield '\n';
  }
}

class CocoJson extends GrowingFile {
  readonly #images: string[] = [];
  readonly #annotations: string[] = [];

  constructor(
    path: string,
    readonly categories: readonly Category[],
  ) {
    super(path);
  }

  protected take({ file, frame, width, height, detections }: Prediction): void {
    const id = this.#images.length + 1;
    this.#images.push(JSON.stringify({ id, file_name: file, ...(frame !== undefined && { frame }), width, height }));
    for (const { categoryId, score, box } of detections) {
      const [x1, y1, x2, y2] = box;
      const bbox = [x1, y1, x2 - x1, y2 - y1];
      const area = bbox[2]! * bbox[3]!;
      const annotation = {
        id: this.#annotations.length + 1,
        image_id: id,
        category_id: categoryId,
        bbox,
        area,
        iscrowd: 0,
        score,
      };
      this.#annotations.push(JSON.stringify(annotation));
    }
  }

  protected *pieces(): Generator<string> {
    yield '{"images": ';
    yield* list(this.#images);
    yield ',\n"annotations": ';
    yield* list(this.#annotations);
    yield `,\n"categories": ${JSON.stringify(this.categories)}}\n`;
  }
}

function* list(items: readonly string[]): Generator<string> {
  if (items.length === 0) yield '[]';
  for (const [i, item] of items.entries())
    yield `${i === 0 ? '[\n' : ',\n'}${item}${i === items.length - 1 ? '\n]' : ''}`;
}

const csvHead = ['file', 'frame', 'width', 'height', 'label', 'category_id', 'score', 'x1', 'y1', 'x2', 'y2'];

async function openCsv(path: string): Promise<PredictionFile> {
  const file = await open(path, 'w');
  await file.appendFile(`${csvHead.join(',')}\n`);
  return {
    async add({ file: name, frame, width, height, detections }) {
      const rows = detections.map(({ label, categoryId, score, box }) => [
        name,
        frame ?? '',
        width,
        height,
        label,
        categoryId,
        score,
        ...box,
      ]);
      if (rows.length > 0) await file.appendFile(rows.map((row) => `${row.map(csvCell).join(',')}\n`).join(''));
    },
    finish: () => file.close(),
  };
}

function csvCell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function openYolo(folder: string, categories: readonly Category[]): Promise<PredictionFile> {
  makeFolder(folder);
  const stemOf = namesWithoutEnding();
  await writeWhole(join(folder, 'classes.txt'), categories.map(({ name }) => `${name}\n`).join(''));
  const place = new Map(categories.map(({ id }, label) => [id, label]));
  return {
    async add({ width, height, detections }, name) {
      const lines = detections.map(({ categoryId, score, box: [x1, y1, x2, y2] }) => {
        const shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height, score];
        return `${place.get(categoryId)} ${shares.map((share) => share.toFixed(6)).join(' ')}\n`;
      });
      await writeWhole(join(folder, `${stemOf(name)}.txt`), lines.join(''));
    },
    async finish() {},
  };
}

async function openLabelme(folder: string): Promise<PredictionFile> {
  makeFolder(folder);
  const stemOf = namesWithoutEnding();
  return {
    async add({ file, width, height, detections }, name) {
      const shapes = detections.map(({ label, score, box: [x1, y1, x2, y2] }) => {
        const points = [
          [x1, y1],
          [x2, y2],
        ];
        return { label, points, group_id: null, description: score.toFixed(4), shape_type: 'rectangle', flags: {} };
      });
      const imagePath = relative(folder, file).split(sep).join('/');
      const content = {
        version: '5.0.1',
        flags: {},
        shapes,
        imagePath,
        imageData: null,
        imageHeight: height,
        imageWidth: width,
      };
      await writeWhole(join(folder, `${stemOf(name)}.json`), `${JSON.stringify(content, null, 2)}\n`);
    },
    async finish() {},
  };
}

/** Names without their endings, where that leaves them different: `a.txt` for a.jpg, then `a.png.txt` for a.png. */
function namesWithoutEnding(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    const stem = name.replace(/\.[^.]+$/, '');
    const free = taken.has(stem) ? name : stem;
    taken.add(free);
    return free;
  };
}
