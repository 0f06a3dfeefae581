/** Which class each picture of a flat folder has, from the files that come with ImageNet's validation set. */
import { readFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { DatasetError, type Problem } from '../../errors.js';
import { readMatStructs } from './matFile.js';

/** Gives the name of the class of a picture, by its file name; undefined where the label file says nothing about it. */
export type ClassOfPicture = (file: string) => string | undefined;

/**
 * Reads a label file of either kind, told apart by its contents:
 *
 * - Kaggle's `LOC_val_solution.csv`: a line for each picture, its name, then a class before each box.
 * - The devkit's `ILSVRC2012_validation_ground_truth.txt`: a number a line, in the order of the pictures' own numbers. What
 *   class a number means stands in `meta.mat` (or, with newer devkits, `map_clsloc.txt`), which is looked for beside it.
 *
 * @throws DatasetError with the lines that could not be understood
 */
export async function readLabelFile(path: string): Promise<ClassOfPicture> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new DatasetError(path, [{ at: '(file)', message: error.message }]);
  });
  const lines = text.trim().split(/\r?\n/);
  return lines[0]?.startsWith('ImageId,') ? kaggleLabels(path, lines) : devkitLabels(path, lines);
}

function kaggleLabels(path: string, lines: readonly string[]): ClassOfPicture {
  const problems: Problem[] = [];
  const classes = new Map<string, string>();
  for (const [i, line] of lines.entries()) {
    if (i === 0) continue;
    const [, name, className] = /^([^,]+),(\S+)/.exec(line) ?? [];
    if (name && className) classes.set(name, className);
    else
      problems.push({
        at: `line ${i + 1}`,
        message: `expected <picture>,<class> <box> ..., found ${JSON.stringify(line)}`,
      });
  }
  if (problems.length > 0) throw new DatasetError(path, problems);
  return (file) => classes.get(parse(file).name);
}

async function devkitLabels(path: string, lines: readonly string[]): Promise<ClassOfPicture> {
  const names = await devkitClasses(dirname(path));
  const problems: Problem[] = [];
  const classes = lines.map((line, i) => {
    const name = names.get(Number(line));
    if (name === undefined) {
      const message = `expected the number of a class of the devkit, found ${JSON.stringify(line)}`;
      problems.push({ at: `line ${i + 1}`, message });
    }
    return name;
  });
  const hint =
    "The label file is the devkit's ILSVRC2012_validation_ground_truth.txt, or Kaggle's LOC_val_solution.csv.";
  if (problems.length > 0) throw new DatasetError(path, problems, hint);
  return (file) => classes[Number(/(\d+)$/.exec(parse(file).name)?.[1]) - 1]; // ILSVRC2012_val_00000001.JPEG has line 1
}

/** Names of classes by the devkit's numbers, which are not the labels. */
async function devkitClasses(folder: string): Promise<Map<number, string>> {
  const mat = join(folder, 'meta.mat');
  const bytes = await readFile(mat).catch(() => undefined);
  if (bytes) return classesOfMat(mat, bytes);
  const text = await readFile(join(folder, 'map_clsloc.txt'), 'utf8').catch(() => undefined);
  if (text) return new Map([...text.matchAll(/^(\S+) (\d+)/gm)].map(([, name, number]) => [Number(number), name!]));
  throw new DatasetError(
    folder,
    [{ at: 'meta.mat', message: "not found, nor map_clsloc.txt: they say which classes the devkit's numbers mean" }],
    'Copy it from ILSVRC2012_devkit_t12/data to beside the label file.',
  );
}

function classesOfMat(path: string, bytes: Uint8Array): Map<number, string> {
  try {
    const classes = readMatStructs(bytes, 'synsets').map(({ ILSVRC2012_ID, WNID }) => [ILSVRC2012_ID, WNID] as const);
    return new Map(
      classes.filter((pair): pair is [number, string] => typeof pair[0] === 'number' && typeof pair[1] === 'string'),
    );
  } catch (error) {
    throw new DatasetError(path, [{ at: 'synsets', message: error instanceof Error ? error.message : String(error) }]);
  }
}
