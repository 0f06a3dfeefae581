import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeFraction } from '../../../src/data/classification/dataset.js';
import { openClassificationDataset } from '../../../src/data/classification/openDataset.js';
import { Random } from '../../../src/random.js';
import { messagesOf } from '../../support/repairs.js';
import { describeWithShared } from '../../support/shared.js';
import { saveTar, tarBytes } from '../../support/tarFile.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const base = temporaryFolder();
let made = 0;

/** A new folder with these empty files in it. */
function folderWith(...files: string[]): string {
  const root = join(base, String(made++));
  mkdirSync(root);
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  return root;
}

const kaggle = 'ImageId,PredictionString\nval_1,n02 1 2 3 4\nval_2,n01 1 2 3 4\nval_3,n02 1 2 3 4\n';
const picture = (content: string) => new TextEncoder().encode(content);

describe('class folders', () => {
  it('labels by name, as text; pictures sorted, at any depth, with any ending', async () => {
    const root = folderWith('10/b.JPEG', '10/a.jpg', '2/images/x.png', '2/images/y', 'Ä b/z.webp');
    expect(await openClassificationDataset(root)).toEqual({
      root,
      classes: ['10', '2', 'Ä b'],
      pictures: [
        { file: '10/a.jpg', label: 0 },
        { file: '10/b.JPEG', label: 0 },
        { file: '2/images/x.png', label: 1 },
        { file: '2/images/y', label: 1 },
        { file: 'Ä b/z.webp', label: 2 },
      ],
      repairs: [],
    });
  });

  it('notes among the pictures are left out, and told of unless hidden: lists of boxes, and pictures beside the classes', async () => {
    const root = folderWith(
      'a/1.jpg',
      'a/.DS_Store',
      'a/a_boxes.txt',
      'a/deep/b.csv',
      '.ipynb_checkpoints/2.jpg',
      'README.md',
      'cover.jpg',
    );
    const { pictures, repairs } = await openClassificationDataset(root);
    expect(pictures).toEqual([{ file: 'a/1.jpg', label: 0 }]);
    expect(messagesOf(repairs!)).toEqual([
      '1 pictures lie beside the folders of the classes: left out (cover.jpg)',
      '2 files are no pictures, by their endings: left out (a/a_boxes.txt, a/deep/b.csv)',
    ]);
  });

  it('linked folders and files are followed', async () => {
    const store = folderWith('pictures/1.jpg', '2.jpg');
    const root = folderWith('b/0.jpg');
    symlinkSync(join(store, 'pictures'), join(root, 'a'));
    symlinkSync(join(store, '2.jpg'), join(root, 'b', '2.jpg'));
    const { pictures } = await openClassificationDataset(root);
    expect(pictures.map(({ file }) => file)).toEqual(['a/1.jpg', 'b/0.jpg', 'b/2.jpg']);
  });

  it('val counts the labels of training, also where a class is missing', async () => {
    const { classes, pictures } = await openClassificationDataset(folderWith('c/1.jpg'), { classes: ['a', 'c'] });
    expect({ classes, pictures }).toEqual({ classes: ['a', 'c'], pictures: [{ file: 'c/1.jpg', label: 1 }] });
  });

  it.each<[string, string[], string[] | undefined, RegExp]>([
    ['no picture', [], undefined, /\(root\): has no folders in it, and 0 pictures/],
    [
      'pictures without folders',
      ['1.jpg', '2.jpg'],
      undefined,
      /2 pictures: their classes are not known\nGive the label file/,
    ],
    [
      'classes without pictures',
      ['a/1.jpg', 'b/.x', 'c/x.txt'],
      undefined,
      /2 problems\n {2}b: a class without.*\n {2}c: a class/,
    ],
    [
      'classes not trained on',
      ['a/1.jpg', 'b/1.jpg'],
      ['a'],
      /1 problem\n {2}b: a class that the model was not trained on/,
    ],
  ])('%s: refused', async (_, files, classes, message) => {
    const options = classes ? { classes } : {};
    await expect(openClassificationDataset(folderWith(...files), options)).rejects.toThrow(message);
  });

  it('a class without pictures is fine where the classes are known', async () => {
    const { classes, pictures } = await openClassificationDataset(folderWith('a/1.jpg', 'b/.x'), {
      classes: ['a', 'b'],
    });
    expect(classes).toEqual(['a', 'b']);
    expect(pictures).toEqual([{ file: 'a/1.jpg', label: 0 }]);
  });

  it('no such folder', async () => {
    await expect(openClassificationDataset(join(base, 'none'))).rejects.toThrow('no such folder or tar file');
  });
});

describe('flat validation folder', () => {
  it('takes classes from the label file', async () => {
    const root = folderWith('val_1.JPEG', 'val_2.JPEG', 'val_3.JPEG');
    const labels = join(base, 'solution.csv');
    writeFileSync(labels, kaggle);
    const { classes, pictures } = await openClassificationDataset(root, { labels });
    expect(classes).toEqual(['n01', 'n02']);
    expect(pictures).toEqual([
      { file: 'val_2.JPEG', label: 0 },
      { file: 'val_1.JPEG', label: 1 },
      { file: 'val_3.JPEG', label: 1 },
    ]);
  });

  it('a picture that the label file does not name', async () => {
    const root = folderWith('val_1.JPEG', 'val_9.JPEG');
    await expect(openClassificationDataset(root, { labels: join(base, 'solution.csv') })).rejects.toThrow(
      /val_9\.JPEG: .*solution\.csv does not say which class it has/,
    );
  });
});

describe('tar files', () => {
  it('the training archive, classes in any order: read in place, by positions', async () => {
    const root = join(base, 'train.tar');
    await saveTar(root, {
      'n02.tar': await tarBytes({ 'n02_1.JPEG': picture('cat'), 'n02_2.JPEG': picture('lion') }),
      'n01.tar': await tarBytes({ 'n01_7.JPEG': picture('carp') }),
    });
    const { classes, pictures } = await openClassificationDataset(root);
    expect(classes).toEqual(['n01', 'n02']);
    expect(pictures.map(({ file, label }) => [file, label])).toEqual([
      ['n01/n01_7.JPEG', 0],
      ['n02/n02_1.JPEG', 1],
      ['n02/n02_2.JPEG', 1],
    ]);
    const bytes = readFileSync(root);
    const contents = pictures.map(({ bytes: at }) => bytes.toString('utf8', at!.offset, at!.offset + at!.length));
    expect(contents).toEqual(['carp', 'cat', 'lion']);
  });

  it('the list is kept beside it, used again, and made anew when the archive changes', async () => {
    const root = join(base, 'kept.tar');
    await saveTar(root, { 'a/1.jpg': picture('one') });
    const first = await openClassificationDataset(root);
    expect(existsSync(`${root}.index.json`)).toBe(true);
    const index = readFileSync(`${root}.index.json`, 'utf8');
    writeFileSync(`${root}.index.json`, index.replace('1.jpg', 'from-the-index.jpg'));
    expect((await openClassificationDataset(root)).pictures[0]!.file).toBe('a/from-the-index.jpg');
    utimesSync(root, 1, 1);
    expect(await openClassificationDataset(root)).toEqual(first);
    writeFileSync(`${root}.index.json`, '{"cut');
    expect(await openClassificationDataset(root)).toEqual(first);
  });

  it('the validation archive needs its label file', async () => {
    const root = join(base, 'val.tar');
    await saveTar(root, { './val_1.JPEG': picture('1'), './val_3.JPEG': picture('3') });
    const { pictures } = await openClassificationDataset(root, { labels: join(base, 'solution.csv') });
    expect(pictures.map(({ file, label }) => [file, label])).toEqual([
      ['val_1.JPEG', 0],
      ['val_3.JPEG', 0],
    ]);
    await expect(openClassificationDataset(root)).rejects.toThrow(
      '2 pictures in no folder: their classes are not known',
    );
  });

  it('an archive of notes has no pictures', async () => {
    const root = join(base, 'notes.tar');
    await saveTar(root, { 'a/readme.txt': picture('x') });
    await expect(openClassificationDataset(root)).rejects.toThrow('has no pictures in it');
  });
});

describe('takeFraction', () => {
  const pictures = Array.from({ length: 1100 }, (_, i) => ({
    file: String(i),
    label: i < 1000 ? 0 : i < 1099 ? 1 : 2,
  }));
  const dataset = { root: '', classes: ['many', 'some', 'one'], pictures };
  const counts = (fraction: number) =>
    takeFraction(dataset, fraction, new Random(3)).pictures.reduce(
      (sum, { label }) => sum.with(label, sum[label]! + 1),
      [0, 0, 0],
    );

  it.each([
    [1, [1000, 99, 1]],
    [0.2, [200, 20, 1]],
    [0.001, [1, 1, 1]],
  ])('%f of 1000, 99 and 1 pictures', (fraction, expected) => {
    expect(counts(fraction)).toEqual(expected);
  });

  it('depends on the seed alone, keeps the order, and grows with the fraction', () => {
    const files = (fraction: number, seed: number) =>
      takeFraction(dataset, fraction, new Random(seed)).pictures.map(({ file }) => Number(file));
    expect(files(0.2, 3)).toEqual(files(0.2, 3));
    expect(files(0.2, 3)).not.toEqual(files(0.2, 4));
    expect(files(0.2, 3)).toEqual(files(0.2, 3).toSorted((a, b) => a - b));
    const more = new Set(files(0.3, 3));
    expect(files(0.2, 3).every((file) => more.has(file))).toBe(true);
  });
});

describeWithShared('signdigits', 'data/signdigits', (root) => {
  it('10 classes in train and val, with the same labels', async () => {
    const train = await openClassificationDataset(join(root, 'train'));
    const val = await openClassificationDataset(join(root, 'val'), { classes: train.classes });
    expect(train.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(val.pictures.every(({ file, label }) => Number(file[0]) === label)).toBe(true);
  });
});
