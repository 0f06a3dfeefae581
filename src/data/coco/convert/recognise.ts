/** Which form annotations are in, by looking at them. */
import { closeSync, readSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { DatasetError, type Problem } from '../../../errors.js';
import { openRegularFile } from '../../../formats/regularFile.js';
import { filesBelow } from '../../files/filesBelow.js';
import { hasPictureEnding } from '../../files/names.js';
import { type FormatName, type FormatOptions, formats } from './formats.js';
import { findYoloNames } from './yoloNames.js';

/** What a path holds. */
export type RecognisedForm =
  /** COCO jsons, as they are. Paths. */
  | { readonly form: 'coco'; readonly files: readonly string[] }
  /** What the converters read. */
  | { readonly form: FormatName; readonly input: string; readonly options: FormatOptions };

/** Formats by the ending of their files; the first one that can read a file has it. */
const byEnding: Readonly<Record<string, readonly FormatName[]>> = {
  '.json': ['labelme', 'via', 'labelstudio'],
  '.xml': ['voc', 'cvat'],
  '.csv': ['via', 'csv'],
  '.tsv': ['csv'],
};

/** Files of one ending that are looked at: they decide for all. */
const sample = 12;

/**
 * Looks at a file, or at files below a folder. What most of the files are in is what the folder is in; pictures and what is read by
 * no format do not count.
 *
 * @param names YOLO's file of class names, where it is not with the labels
 * @throws DatasetError where nothing is recognised, with what was looked at
 */
export async function recogniseForm(path: string, names?: string): Promise<RecognisedForm> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new DatasetError(path, [{ at: 'data', message: 'no such file or folder' }]);
  return status.isDirectory() ? recogniseFolder(path, names) : recogniseFile(path, names);
}

async function recogniseFile(path: string, names: string | undefined): Promise<RecognisedForm> {
  if (/\.ya?ml$/i.test(path)) return { form: 'yolo', input: dirname(path), options: { names: names ?? path } };
  if (isCoco(path)) return { form: 'coco', files: [path] };
  for (const form of byEnding[extname(path).toLowerCase()] ?? [])
    if (await reads(form, path)) return { form, input: path, options: {} };
  throw unknown(path, [{ at: 'file', message: `${basename(path)} is in none of the known forms` }]);
}

async function recogniseFolder(folder: string, names: string | undefined): Promise<RecognisedForm> {
  const files = filesBelow(folder);
  const ofEnding = (ending: string) => files.filter((name) => extname(name).toLowerCase() === ending);
  const jsons = files.filter((name) => /\.json(\.gz)?$/i.test(name)).map((name) => join(folder, name));
  const coco = withObjects(jsons.filter(isCoco));
  if (coco.length > 0) return { form: 'coco', files: coco };
  const counts = new Map<FormatName, number>();
  for (const [ending, candidates] of Object.entries(byEnding)) {
    for (const name of spread(ofEnding(ending), sample)) {
      for (const form of candidates) {
        if (!(await reads(form, join(folder, name)))) continue;
        counts.set(form, (counts.get(form) ?? 0) + 1);
        break;
      }
    }
  }
  const [best] = [...counts].sort(([, a], [, b]) => b - a);
  if (best) return only(folder, files, best[0]);
  if (ofEnding('.txt').some((name) => looksLikeYolo(join(folder, name)))) {
    const found = names ?? files.find(isYoloNames) ?? findYoloNames(folder);
    const path = found === undefined || found === names || !files.includes(found) ? found : join(folder, found);
    return { form: 'yolo', input: folder, options: path === undefined ? {} : { names: path } };
  }
  const pictures = files.filter(hasPictureEnding).length;
  const endings = [...new Set(files.map((name) => extname(name).toLowerCase()))].slice(0, 8).join(', ');
  const message =
    files.length === 0
      ? 'the folder is empty'
      : `${files.length} files (${endings}), ${pictures} of them pictures, and no annotations in a known form`;
  throw unknown(folder, [{ at: 'folder', message }]);
}

/** A form of which a single file is all there is (a table, one export) is read from that file. */
function only(folder: string, files: readonly string[], form: FormatName): RecognisedForm {
  const endings = Object.entries(byEnding).flatMap(([ending, forms]) => (forms.includes(form) ? [ending] : []));
  const own = files.filter((name) => endings.includes(extname(name).toLowerCase()));
  const isOneFile = own.length === 1 && ['csv', 'via', 'cvat', 'labelstudio'].includes(form);
  // The folder all the same: pictures are looked for below it, wherever in it the file lies.
  return { form, input: isOneFile ? join(folder, own[0]!) : folder, options: {} };
}

/** Of COCO files beside each other (instances, captions, key points) those that have objects. */
function withObjects(files: readonly string[]): string[] {
  const instances = files.filter((file) => basename(file).startsWith('instances'));
  return instances.length > 0 ? instances : files.filter((file) => !/captions|panoptic|stuff/i.test(basename(file)));
}

/** Whether a file begins as COCO json does. */
function isCoco(path: string): boolean {
  if (/\.json\.gz$/i.test(path)) return true;
  if (!/\.json$/i.test(path)) return false;
  const start = startOf(path);
  if (/^\s*\{\s*"(info|licenses|images|annotations|categories)"\s*:/.test(start)) return true;
  return (
    /^\s*\{/.test(start) && /"(images|annotations|categories)"\s*:\s*\[/.test(start) && !/"shapes"\s*:/.test(start)
  );
}

const firstBytes = 4096;

function startOf(path: string): string {
  const { descriptor } = openRegularFile(path);
  try {
    const bytes = Buffer.alloc(firstBytes);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, firstBytes, 0)).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a format finds a picture in a file. */
async function reads(form: FormatName, path: string): Promise<boolean> {
  try {
    const pictures = await formats[form].open(path, {}).read({ path, name: basename(path) });
    return pictures !== undefined && pictures.length > 0;
  } catch (error) {
    if (error instanceof DatasetError) return false;
    throw error;
  }
}

/** A line of a class number and four or more shares. */
const looksLikeYolo = (path: string) =>
  /^\s*\d+(\s+-?\d*\.?\d+(e-?\d+)?){4,}\s*$/im.test(startOf(path).split('\n').slice(0, -1).join('\n') || startOf(path));

const isYoloNames = (name: string) =>
  /(^|\/)(data|dataset)\.ya?ml$|(^|\/)(classes\.txt|(obj|classes)\.names)$/i.test(name);

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}

function unknown(path: string, problems: readonly Problem[]): DatasetError {
  const known = 'COCO, YOLO, VOC, labelme, CSV, VIA, CVAT, Label Studio';
  const hint = `Known are ${known}; "cmtdet data convert --from FORMAT" says what is wrong with a file of one of them.`;
  return new DatasetError(path, problems, hint);
}
