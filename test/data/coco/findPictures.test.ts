import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPictures } from '../../../src/data/coco/findPictures.js';
import { writeFiles } from '../../support/annotationWriters.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const images = ['a.jpg', 'b.jpg'].map((file_name, id) => ({ id, file_name }));

describe('findPictures: several folders have pictures of these names', () => {
  const folder = temporaryFolder();
  for (const side of ['other', 'test2017', 'train', 'val'])
    writeFiles(folder, { [`${side}/a.jpg`]: '', [`${side}/b.jpg`]: '' });

  it.each([
    ['instances_train.json', 'train'],
    ['instances_val2017.json', 'val'],
    ['annotations/test.json', 'test2017'],
    ['boxes.json', 'other'],
  ])('%s: %s', (file, found) => {
    expect(findPictures({ images }, join(folder, file))).toBe(join(folder, found));
  });

  it('none is called as the file is: not one of another side', () => {
    const mixed = temporaryFolder();
    for (const side of ['a', 'train']) writeFiles(mixed, { [`${side}/a.jpg`]: '', [`${side}/b.jpg`]: '' });
    expect(findPictures({ images }, join(mixed, 'val.json'))).toBe(join(mixed, 'a'));
  });

  it('those that have more of them go first', () => {
    const parts = temporaryFolder();
    writeFiles(parts, { 'val/a.jpg': '', 'all/a.jpg': '', 'all/b.jpg': '' });
    expect(findPictures({ images }, join(parts, 'val.json'))).toBe(join(parts, 'all'));
  });
});
