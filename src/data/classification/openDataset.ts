import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { DatasetError, type Problem } from '../../errors.js';
import type { ByteRange } from '../byteRange.js';
import { noFiles } from '../files/filesBelow.js';
import { RepairTally } from '../repairs.js';
import { type ClassificationDataset, type ClassPicture, sortedNames } from './dataset.js';
import { classFolders, looseFiles } from './folders.js';
import { readLabelFile } from './labelFile.js';
import { tarGroups } from './tarIndex.js';

export interface OpenDatasetOptions {
  /** Label file, for pictures that lie together: the ImageNet devkit's or Kaggle's. */
  readonly labels?: string | null;
  /** The classes that labels count, from training or from a checkpoint. Default: those found here, sorted by name. */
  readonly classes?: readonly string[];
  /** Where classes are those found here: whether one may be without pictures, as in a folder to measure on. @default false */
  readonly emptyClasses?: boolean;
}

/** A picture whose class is known by name. */
interface NamedPicture {
  readonly file: string;
  readonly className: string;
  readonly bytes?: ByteRange;
}

/**
 * Opens ImageNet, or pictures laid out like it. `root` is one of
 *
 * - a folder with a folder of pictures for each class,
 * - ImageNet's training archive, a tar file with a tar file for each class (or folders), read in place,
 * - a folder of pictures, or the validation archive, and a label file.
 *
 * A class may be without pictures where `classes` are given, or `emptyClasses` says so.
 *
 * @throws DatasetError when there are no pictures, or some have a class that `classes` does not name
 */
export async function openClassificationDataset(
  root: string,
  { labels = null, classes, emptyClasses = classes !== undefined }: OpenDatasetOptions = {},
): Promise<ClassificationDataset> {
  const status = await stat(root).catch(() => undefined);
  if (!status) throw new DatasetError(root, [{ at: '(root)', message: 'no such folder or tar file' }]);
  const left = new RepairTally();
  const { named, empty = [] } = await (status.isDirectory()
    ? inFolder(root, labels, left, emptyClasses)
    : inTar(root, labels));
  if (named.length === 0) throw new DatasetError(root, [{ at: '(root)', message: 'has no pictures in it' }]);
  if (!classes) for (const name of empty) left.add('{n} classes have no picture here: fine for measuring', name);
  const found = () => sortedNames([...named.map(({ className }) => className), ...empty]);
  const dataset = labelled(root, named, classes ?? found());
  return { ...dataset, repairs: left.repairs() };
}

const notPictures = '{n} files are no pictures, by their endings: left out';

interface Found {
  readonly named: readonly NamedPicture[];
  /** Classes without a picture. */
  readonly empty?: readonly string[];
}

async function inFolder(root: string, labels: string | null, left: RepairTally, emptyClasses: boolean): Promise<Found> {
  const loose = await looseFiles(root);
  for (const odd of loose.odd) left.add(noFiles, odd);
  if (labels !== null) {
    for (const other of loose.others) left.add(notPictures, other);
    const pictures = loose.files.map((file) => ({ file }));
    return { named: await withLabels(root, labels, pictures) };
  }
  const folders = await classFolders(root);
  if (folders.length === 0) {
    const message = `has no folders in it, and ${loose.files.length} pictures: their classes are not known`;
    throw new DatasetError(root, [{ at: '(root)', message }], flatHint);
  }
  const empty = folders.filter(({ files }) => files.length === 0).map(({ name }) => name);
  // To learn from nothing is a mistake; to be measured on some of the classes is not.
  if (empty.length > 0 && !emptyClasses) {
    const problems = empty.map((name) => ({ at: name, message: 'a class without pictures' }));
    throw new DatasetError(root, problems, 'Remove these folders, or fill them.');
  }
  for (const file of loose.files) left.add('{n} pictures lie beside the folders of the classes: left out', file);
  for (const { name, others, odd } of folders) {
    for (const one of odd) left.add(noFiles, `${name}/${one}`);
    for (const other of others) left.add(notPictures, `${name}/${other}`);
  }
  const named = folders.flatMap(({ name, files }) =>
    files.map((file) => ({ file: `${name}/${file}`, className: name })),
  );
  return { named, empty };
}

async function inTar(root: string, labels: string | null): Promise<Found> {
  const pictures = (await tarGroups(root)).flatMap(({ name, members }) =>
    members.map((member) => ({
      file: name === '' ? basename(member.name) : `${name}/${basename(member.name)}`,
      className: name,
      bytes: { offset: member.offset, length: member.length },
    })),
  );
  if (labels !== null) return { named: await withLabels(root, labels, pictures) };
  const flat = pictures.filter(({ className }) => className === '').length;
  if (flat === 0) return { named: pictures };
  throw new DatasetError(
    root,
    [{ at: '(archive)', message: `${flat} pictures in no folder: their classes are not known` }],
    flatHint,
  );
}

const flatHint = 'Give the label file that belongs to them (data.valLabels).';

async function withLabels(
  root: string,
  labels: string,
  pictures: readonly Omit<NamedPicture, 'className'>[],
): Promise<NamedPicture[]> {
  const classOf = await readLabelFile(labels);
  const problems: Problem[] = [];
  const named = pictures.flatMap((picture): NamedPicture[] => {
    const className = classOf(basename(picture.file));
    if (className !== undefined) return [{ ...picture, className }];
    problems.push({ at: picture.file, message: `${labels} does not say which class it has` });
    return [];
  });
  if (problems.length > 0) throw new DatasetError(root, problems);
  return named;
}

function labelled(root: string, named: readonly NamedPicture[], classes: readonly string[]): ClassificationDataset {
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const unknown = sortedNames(named.map(({ className }) => className).filter((name) => !labelOf.has(name)));
  if (unknown.length > 0) {
    const problems = unknown.map((name) => ({ at: name, message: 'a class that the model was not trained on' }));
    throw new DatasetError(root, problems, `It knows ${classes.length}: ${classes.slice(0, 5).join(', ')}, ...`);
  }
  const pictures = named.map(({ file, className, bytes }): ClassPicture => {
    const label = labelOf.get(className)!;
    return bytes ? { file, label, bytes } : { file, label };
  });
  // By class, then as listed: an archive's classes stand in any order.
  return { root, classes, pictures: pictures.sort((a, b) => a.label - b.label) };
}
