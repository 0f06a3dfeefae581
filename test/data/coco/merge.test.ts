import { expect, it } from 'vitest';
import { mergeCoco } from '../../../src/data/coco/merge.js';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';

const fileOf = (categories: readonly string[], box: number) =>
  parseCoco({
    images: [{ id: 7, file_name: 'a.jpg', width: 9, height: 9 }],
    annotations: [{ id: 1, image_id: 7, category_id: box, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 }],
    categories: categories.map((name, i) => ({ id: i + 1, name })),
  });

it('classes are joined by name, ids are new, folders come before file names', () => {
  const { images, annotations, categories } = mergeCoco([
    { file: fileOf(['cat', 'dog'], 2), source: 'x.json', prefix: 'x' },
    { file: fileOf(['dog', 'bird'], 1), source: 'y.json', prefix: 'y' },
  ]);
  expect(categories).toEqual(['cat', 'dog', 'bird'].map((name, i) => ({ id: i + 1, name })));
  expect(images.map(({ id, file_name }) => [id, file_name])).toEqual([
    [1, 'x/a.jpg'],
    [2, 'y/a.jpg'],
  ]);
  expect(annotations.map(({ id, image_id, category_id }) => [id, image_id, category_id])).toEqual([
    [1, 1, 2],
    [2, 2, 2],
  ]);
});

it('one file name in two parts is a problem', () => {
  const parts = ['x.json', 'y.json'].map((source) => ({ file: fileOf(['cat'], 1), source }));
  expect(() => mergeCoco(parts)).toThrow('a.jpg: is listed by x.json and by y.json');
});
