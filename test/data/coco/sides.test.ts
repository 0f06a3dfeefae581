import { describe, expect, it } from 'vitest';
import { sideOfFile, sideOfPicture, sidesOfLists } from '../../../src/data/coco/sides.js';
import { writeFiles } from '../../support/annotationWriters.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

describe('sideOfFile', () => {
  it.each([
    ['annotations/instances_train2017.json', 'train'],
    ['annotations/instances_val2017.json', 'val'],
    ['valid/_annotations.coco.json', 'val'],
    ['Test.json', 'test'],
    ['train/val.json', 'val'], // the file itself says more than its folder
    ['trainer.json', undefined],
    ['instances_all.json', undefined],
  ])('%s: %s', (path, side) => {
    expect(sideOfFile(path)).toBe(side);
  });
});

describe('sideOfPicture', () => {
  it.each([
    ['train/a.jpg', 'train'],
    ['images/val2017/a.jpg', 'val'],
    ['valid/images/a.jpg', 'val'],
    ['train.jpg', undefined], // a picture of one
    ['trains/a.jpg', undefined],
  ])('%s: %s', (path, side) => {
    expect(sideOfPicture(path)).toBe(side);
  });
});

describe('sidesOfLists', () => {
  const sides = (files: Record<string, string>) => {
    const folder = temporaryFolder();
    writeFiles(folder, files);
    return Object.fromEntries(sidesOfLists(Object.keys(files), (name) => `${folder}/${name}`));
  };

  it("names and paths, VOC's marks after them, both kinds of line ends", () => {
    expect(sides({ 'train.txt': 'images/a.jpg\r\n./data/b.png\n', 'valid.txt': 'c  1\n\n' })).toEqual({
      ...{ a: 'train', b: 'train', c: 'val' },
    });
  });

  it('ImageSets/Main counts where it is there, not the lists for other tasks', () => {
    const files = { 'ImageSets/Main/train.txt': 'a\n', 'ImageSets/Layout/val.txt': 'a\n', 'notes.txt': 'b' };
    expect(sides(files)).toEqual({ a: 'train' });
  });
});
