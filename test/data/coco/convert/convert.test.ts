import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { labelmeToCoco, vocToCoco, yoloToCoco } from '../../../../src/index.data.js';
import { messagesOf } from '../../../support/repairs.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

function messageOf(error: unknown): string {
  return (error as Error).message.replaceAll(folder, 'DIR');
}

describe('PASCAL VOC', () => {
  const object = (
    name: string,
    box: number[],
    difficult = 0,
  ) => `<object><name>${name}</name><difficult>${difficult}</difficult>
    <bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object>`;
  const xml = (objects: string, file = 'a.jpg') =>
    `<annotation><filename>${file}</filename><size><width>100</width><height>80</height><depth>3</depth></size>${objects}</annotation>`;

  it('inclusive: the whole picture is 1, 1, 100, 80', async () => {
    write('a.xml', xml(object('dog', [1, 1, 100, 80]) + object('cat', [11, 21, 20, 40], 1)));
    const { images, annotations, categories } = await vocToCoco(folder, { pixels: 'inclusive' });
    expect(images).toEqual([{ id: 1, file_name: 'a.jpg', width: 100, height: 80 }]);
    expect(categories).toEqual([
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ]);
    expect(annotations).toEqual([
      { id: 1, image_id: 1, category_id: 2, bbox: [0, 0, 100, 80], area: 8000, iscrowd: 0 },
      { id: 2, image_id: 1, category_id: 1, bbox: [10, 20, 10, 20], area: 200, iscrowd: 1 },
    ]);
  });

  it('edges: the whole picture is 0, 0, 100, 80', async () => {
    write('a.xml', xml(object('dog', [0, 0, 100, 80])));
    expect((await vocToCoco(folder, { pixels: 'edges' })).annotations[0]!.bbox).toEqual([0, 0, 100, 80]);
  });

  it('difficult objects left out, one kept', async () => {
    write('a.xml', xml(object('dog', [1, 1, 5, 5], 1)));
    write('b.xml', xml(object('dog', [1, 1, 9, 9]), 'b.jpg'));
    const dropped = await vocToCoco(folder, { pixels: 'edges', difficult: 'drop' });
    expect([dropped.images.length, dropped.annotations.length]).toEqual([2, 1]);
    expect(messagesOf(dropped.repairs)).toContain('1 difficult objects were left out (a.xml object[0])');
    expect((await vocToCoco(folder, { pixels: 'edges', difficult: 'keep' })).annotations[0]!.iscrowd).toBe(0);
  });

  it('wrong numbers and damaged files are listed at once; files of another kind and objects without a name are passed over', async () => {
    write('a.xml', xml(`${object('dog', [1, Number.NaN, 5, 5])}<object><name>x</name></object>`));
    write('b.xml', xml(object('', [1, 1, 5, 5]), 'b.jpg'));
    write('c.xml', '<annotation>');
    write('d.xml', '{}');
    const error = await vocToCoco(folder, { pixels: 'edges' }).catch((problem: unknown) => problem);
    expect(messageOf(error)).toMatchInlineSnapshot(`
      "DIR: 3 problems
        a.xml object[0]: expected a bndbox of four numbers, found {"xmin":"1","ymin":"NaN","xmax":"5","ymax":"5"}
        a.xml object[1]: expected a bndbox of four numbers, found null
        c.xml line 1, column 1: not well-formed XML: Unclosed tag 'annotation'."
    `);
    write('a.xml', xml(object('dog', [1, 2, 5, 5])));
    write('c.xml', '<annotations/>');
    const { annotations, repairs } = await vocToCoco(folder, { pixels: 'edges' });
    expect(annotations).toHaveLength(1);
    expect(messagesOf(repairs)).toEqual([
      '1 objects have no label and were passed over (b.xml object[0])',
      '2 files are of another kind and were passed over (c.xml, d.xml)',
      `no picture is below ${folder}: names and sizes are as written (${folder})`,
    ]);
  });

  it('an empty folder, and none', async () => {
    await expect(vocToCoco(folder, { pixels: 'edges' })).rejects.toThrow('expected files that end in .xml, found none');
    await expect(vocToCoco(join(folder, 'no'), { pixels: 'edges' })).rejects.toThrow('no such file or folder');
  });
});

describe('YOLO', () => {
  const options = () => ({
    images: join(folder, 'images'),
    labels: join(folder, 'labels'),
    names: join(folder, 'data.yaml'),
  });
  beforeEach(async () => {
    const picture = sharp({ create: { width: 200, height: 100, channels: 3, background: '#808080' } });
    write('images/sub/a.jpg', await picture.clone().jpeg().toBuffer());
    write('images/b.png', await picture.clone().png().toBuffer());
    write('images/turned.jpg', await picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer());
    write('data.yaml', 'names:\n  0: cat\n  3: dog\n');
  });

  it('centres and sizes as shares of the upright picture; class numbers are the category ids', async () => {
    write('labels/sub/a.txt', '3 0.5 0.5 1 1\r\n0 0.25 0.5 0.1 0.2\n\n');
    write('labels/turned.txt', '0 0.5 0.5 0.5 0.5');
    const { images, annotations, categories } = await yoloToCoco(options());
    expect(images.map(({ file_name, width, height }) => [file_name, width, height])).toEqual([
      ['b.png', 200, 100],
      ['sub/a.jpg', 200, 100],
      ['turned.jpg', 100, 200],
    ]);
    expect(annotations.map(({ image_id, category_id, bbox }) => [image_id, category_id, bbox])).toEqual([
      [2, 3, [0, 0, 200, 100]],
      [2, 0, [40, 40, 20, 20]],
      [3, 0, [25, 50, 50, 100]],
    ]);
    expect(categories).toEqual([
      { id: 0, name: 'cat' },
      { id: 3, name: 'dog' },
    ]);
  });

  it('polygons become the box around them', async () => {
    write('labels/b.txt', '0 0.1 0.2 0.5 0.9 0.3 0.1');
    expect((await yoloToCoco(options())).annotations[0]!.bbox.map((side) => Math.round(side * 1e9) / 1e9)).toEqual([
      20, 10, 80, 80,
    ]);
  });

  it('names from a text file', async () => {
    write('classes.txt', 'cat\ndog\n');
    write('labels/b.txt', '1 0.5 0.5 1 1');
    const { annotations, categories } = await yoloToCoco({ ...options(), names: join(folder, 'classes.txt') });
    expect([annotations[0]!.category_id, categories.map(({ name }) => name)]).toEqual([1, ['cat', 'dog']]);
  });

  it('all faults at once', async () => {
    write('labels/b.txt', '1 0.5 0.5 1 1\n0 0.5 0.5 1\nx 0.5 0.5 1 1\n0 0.1 0.1 0.2 0.2 0.3 0.3 0.4');
    write('images/c.jpg', 'no picture');
    const error = await yoloToCoco(options()).catch((problem: unknown) => problem);
    expect(messageOf(error)).toContain('DIR/labels: 4 problems');
    expect(messageOf(error)).toContain('b.txt line 1: class 1 has no name in DIR/data.yaml');
    expect(messageOf(error)).toContain(
      'b.txt line 2: expected class, x, y, width, height or class and a polygon, found "0 0.5 0.5 1"',
    );
  });
});

describe('LabelMe', () => {
  const file = (shapes: readonly (object | null)[]) =>
    JSON.stringify({
      imageData: 'A'.repeat(100_000),
      imagePath: '..\\img\\a.jpg',
      imageWidth: 60,
      imageHeight: 40,
      shapes,
    });

  it('rectangles in any order of corners, polygons, circles; points and lines are left out', async () => {
    const shapes = [
      {
        label: 'b',
        shape_type: 'rectangle',
        points: [
          [30, 20],
          [10, 5.5],
        ],
      },
      {
        label: 'a',
        shape_type: 'polygon',
        points: [
          [1, 2],
          [9, 4],
          [3, 12],
        ],
      },
      {
        label: 'a',
        points: [
          [0, 0],
          [2, 0],
          [0, 2],
        ],
      },
      {
        label: 'a',
        shape_type: 'circle',
        points: [
          [10, 10],
          [13, 14],
        ],
      },
      { label: 'a', shape_type: 'point', points: [[1, 1]] },
      {
        label: 'a',
        shape_type: 'line',
        points: [
          [1, 1],
          [2, 2],
        ],
      },
    ];
    write('a.json', file(shapes));
    const { images, annotations, categories, repairs } = await labelmeToCoco(folder);
    expect(images).toEqual([{ id: 1, file_name: 'img/a.jpg', width: 60, height: 40 }]);
    expect(annotations.map(({ category_id, bbox }) => [category_id, bbox])).toEqual([
      [2, [10, 5.5, 20, 14.5]],
      [1, [1, 2, 8, 10]],
      [1, [0, 0, 2, 2]],
      [1, [5, 5, 10, 10]],
    ]);
    expect(categories.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(messagesOf(repairs)[0]).toBe('2 points and lines were left out (a.json shapes[4], a.json shapes[5])');
  });

  it('wrong numbers are listed; one point, a missing label and a foreign json are passed over', async () => {
    const triangle = [
      [1, 2],
      [9, 4],
      [3, 12],
    ];
    const nothing = [{ label: 'a', points: [[1, 2]] }, null, { label: null, points: triangle }];
    write(
      'a.json',
      file([
        ...nothing,
        {
          label: 'a',
          points: [
            [1, 2],
            [3, null],
          ],
        },
      ]),
    );
    write('b.json', '{"version": 1}');
    write('c.json', '[]');
    await expect(labelmeToCoco(folder)).rejects.toThrow('a.json shapes[3]: expected finite numbers');
    write('a.json', file([...nothing, { label: 7, points: triangle }]));
    const { annotations, categories, repairs } = await labelmeToCoco(folder);
    expect([annotations.length, categories]).toEqual([1, [{ id: 1, name: '7' }]]);
    expect(messagesOf(repairs).slice(0, 4)).toEqual([
      '1 shapes have fewer than two points and were passed over (a.json shapes[0])',
      '1 shapes are empty and were passed over (a.json shapes[1])',
      '1 objects have no label and were passed over (a.json shapes[2])',
      '2 files are of another kind and were passed over (b.json, c.json)',
    ]);
  });
});
