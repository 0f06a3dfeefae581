import { basename, resolve } from 'node:path';
import { DatasetError, type Problem } from '../../../errors.js';
import { readText } from '../../../formats/text.js';
import { type AnnotatedObject, type AnnotationFormat, around, type Outline, sides } from './annotated.js';
import { findYoloNames, readYoloNames, type YoloNames } from './yoloNames.js';

/** How far beyond 0 and 1 a share may be: exporters round. */
const roundingSlack = 1e-4;

/** Text files that tools put beside labels. */
const notLabels = /^(classes|train|val|valid|test|readme.*|requirements)\.txt$/i;

/**
 * YOLO: a `.txt` file a picture, lines of `class x y width height` or of a class and a polygon, as shares of the upright
 * picture. Category ids are the class numbers, from 0. A picture without a file has no object in it.
 *
 * @throws DatasetError where there are no names
 */
export function yoloFormat(labels: string, names = findYoloNames(labels)): AnnotationFormat {
  if (names === undefined) {
    const message = 'there is no data.yaml or classes.txt here or above: names of the classes are needed';
    throw new DatasetError(labels, [{ at: 'names', message }], 'Their file is given by --names.');
  }
  const known = readYoloNames(names);
  const nameOf = new Map(known.categories.map(({ id, name }) => [id, name]));
  const longLines = new LongLines();
  return {
    endings: ['.txt'],
    convention: 'Read as shares of the upright picture; category ids are the class numbers, from 0.',
    categories: known.categories,
    othersAreEmpty: true,
    filePerPicture: true,
    async read({ path, name }) {
      if (resolve(path) === resolve(names) || notLabels.test(basename(name))) return [];
      const lines = readText(path).split(/\r?\n/);
      const filled = lines.flatMap((line, i) =>
        line.trim() === '' ? [] : [{ line: line.trim(), at: `line ${i + 1}` }],
      );
      if (filled.length > 0 && !filled.some(({ line }) => /^-?[\d.]|(\s-?[\d.]+){4}/.test(line))) return undefined;
      const objects = filled.map(({ line, at }): AnnotatedObject => {
        const [classNumber, ...numbers] = line.split(/\s+/).map(Number) as [number, ...number[]];
        const label = nameOf.get(classNumber);
        if (label === undefined) {
          const problem = Number.isInteger(classNumber)
            ? `class ${classNumber} has no name in ${names}`
            : wrongLine(line);
          return { at, label: 'unknown', outline: { problem } };
        }
        if (!known.keypoints && numbers.length > 4) longLines.add(numbers, `${name} ${at}`);
        return { at, label, outline: outlineOf(numbers, known.keypoints) ?? { problem: wrongLine(line) } };
      });
      return [{ name: undefined, at: '', unit: 'shares', objects }];
    },
    finish: () => longLines.problems(names),
  };
}

const wrongLine = (line: string) =>
  `expected class, x, y, width, height or class and a polygon, found ${JSON.stringify(line.slice(0, 60))}`;

/** undefined where a line has the wrong count of numbers. */
function outlineOf(numbers: readonly number[], keypoints: YoloNames['keypoints']): Outline | undefined {
  if (!numbers.every(Number.isFinite)) return undefined;
  const [x, y, width, height] = numbers as [number, number, number, number];
  const isBox = numbers.length === 4 || (keypoints && numbers.length === 4 + keypoints[0] * keypoints[1]);
  if (!isBox && (keypoints || numbers.length < 6 || numbers.length % 2 === 1)) return undefined;
  const shares = isBox ? [x, y, width, height] : numbers;
  const wrong = shares.find((share) => share < -roundingSlack || share > 1 + roundingSlack);
  if (wrong !== undefined) return { problem: `expected shares of the picture, from 0 to 1, found ${wrong}` };
  if (isBox) return sides(x - width / 2, y - height / 2, width, height);
  return around(numbers.flatMap((left, i) => (i % 2 === 0 ? [[left, numbers[i + 1]!] as const] : [])));
}

/**
 * Lines with more than four numbers are polygons, or boxes with key points where `data.yaml` has a `kpt_shape`. Where it has
 * none and all of them make sense as boxes with key points, reading them as polygons would give wrong boxes.
 */
class LongLines {
  #count = 0;
  #first = '';
  #length: number | undefined;
  #sameLength = true;
  readonly #inside = { 2: true, 3: true };

  add(numbers: readonly number[], at: string): void {
    if (this.#count++ === 0) this.#first = at;
    this.#length ??= numbers.length;
    this.#sameLength &&= this.#length === numbers.length;
    for (const step of [2, 3] as const) this.#inside[step] &&= pointsAreInBox(numbers, step);
  }

  problems(names: string): readonly Problem[] {
    if (this.#count === 0 || !this.#sameLength) return [];
    const withoutVisibility = this.#inside[2] && this.#count >= 3 && this.#length !== 8; // eight: four corners, of turned boxes
    const numbers = this.#inside[3] ? 3 : 2;
    if (!this.#inside[3] && !withoutVisibility) return [];
    const shape = `[${(this.#length! - 4) / numbers}, ${numbers}]`;
    const message = `${this.#count} lines look like boxes with key points, and ${names} has no kpt_shape: write kpt_shape: ${shape} there`;
    return [{ at: this.#first, message }];
  }
}

/** Whether all numbers after the first four are points inside the box that those are; with a visibility of 0, 1 or 2 after each in steps of 3. */
function pointsAreInBox(numbers: readonly number[], step: 2 | 3): boolean {
  if ((numbers.length - 4) % step !== 0) return false;
  const [x, y, width, height] = numbers as [number, number, number, number];
  for (let i = 4; i < numbers.length; i += step) {
    const visibility = step === 3 ? numbers[i + 2] : 1;
    if (visibility !== 0 && visibility !== 1 && visibility !== 2) return false;
    const isInside = Math.abs(numbers[i]! - x) <= width / 2 && Math.abs(numbers[i + 1]! - y) <= height / 2;
    if (visibility !== 0 && !isInside) return false;
  }
  return true;
}
