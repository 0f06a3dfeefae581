import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { DatasetError } from '../../../src/errors.js';
import { messagesOf } from '../../support/repairs.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

/** One image, one category, and these annotations; ids from 1. */
function file(annotations: object[], images: object[] = [{ id: 1, file_name: 'a.jpg', width: 640, height: 480 }]) {
  const filled = annotations.map((annotation, i) => ({
    id: i + 1,
    image_id: 1,
    category_id: 1,
    bbox: [10, 10, 20, 20],
    area: 400,
    iscrowd: 0,
    ...annotation,
  }));
  return { images, annotations: filled, categories: [{ id: 1, name: 'cell' }] };
}

function messageOf(input: object | string): string {
  try {
    parseCoco(input);
  } catch (error) {
    expect(error).toBeInstanceOf(DatasetError);
    return (error as Error).message;
  }
  return 'no error';
}

describe('inputs', () => {
  let folder: string;
  const json = JSON.stringify(file([{ segmentation: [[1, 2, 3, 4]] }]));
  const expected = {
    images: [{ id: 1, file_name: 'a.jpg', width: 640, height: 480 }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 20, 20], area: 400, iscrowd: 0 }],
    categories: [{ id: 1, name: 'cell' }],
    repairs: [],
  };
  beforeAll(() => {
    folder = temporaryFolder();
    writeFileSync(join(folder, 'a.json'), json);
    writeFileSync(join(folder, 'a.json.gz'), gzipSync(json));
    writeFileSync(join(folder, 'bad.json'), '{"images": [{]}');
  });

  it('a path', () => expect(parseCoco(join(folder, 'a.json'))).toEqual(expected));
  it('a gzip file', () => expect(parseCoco(join(folder, 'a.json.gz'))).toEqual(expected));
  it('a gzip file that was made to fill memory', () => {
    const bomb = join(folder, 'bomb.json.gz');
    const packed = gzipSync(Buffer.alloc(65 * 2 ** 20, ' '));
    writeFileSync(bomb, packed);
    expect(messageOf(bomb)).toContain(
      `bomb.json.gz: 1 problem\n  file: unpacks to more than 64 MiB, the limit for its ${packed.length} bytes; if that is right, unpack it by gunzip`,
    );
  });
  it('a gzip file that is cut off', () => {
    const cut = join(folder, 'cut.json.gz');
    writeFileSync(cut, gzipSync(json).subarray(0, -9));
    expect(messageOf(cut)).toContain('file: damaged gzip data (unexpected end of file)');
  });
  it('text', () => expect(parseCoco(`\ufeff ${json}`)).toEqual(expected));
  it('bytes', () => expect(parseCoco(Buffer.from(json))).toEqual(expected));
  it('parsed json', () => expect(parseCoco(JSON.parse(json))).toEqual(expected));
  it('its own result, at no cost', () => {
    const parsed = parseCoco(json);
    expect(parseCoco(parsed)).toBe(parsed);
  });

  it('a path that is not there', () => {
    expect(messageOf('/no/such.json')).toBe('/no/such.json: 1 problem\n  file: no such file');
  });
  it('a folder', () => expect(messageOf(folder)).toContain('file: is a folder'));
  it('a file that is not JSON is named', () => {
    expect(messageOf(join(folder, 'bad.json'))).toContain(
      'bad.json: 1 problem\n  line 1, column 14 (byte 13): expected',
    );
  });
});

describe('repairs (missing area, iscrowd, id)', () => {
  it('area = width x height, iscrowd = 0, a line for each', () => {
    const { annotations, repairs } = parseCoco(file([{ area: undefined }, { iscrowd: undefined, area: 7 }]));
    expect(annotations.map(({ area, iscrowd }) => [area, iscrowd])).toEqual([
      [400, 0],
      [7, 0],
    ]);
    expect(messagesOf(repairs)).toEqual([
      '1 annotations have no area: taken as width x height (annotations[0])',
      '1 annotations have no iscrowd: taken as 0 (annotations[1])',
    ]);
  });

  it('a missing id becomes the next free number', () => {
    const { annotations, repairs } = parseCoco(file([{ id: undefined }, { id: 7 }, { id: null }]));
    expect(annotations.map(({ id }) => id)).toEqual([8, 7, 9]);
    expect(messagesOf(repairs)).toEqual(['2 annotations have no id: numbered (annotations[0], annotations[2])']);
  });

  it('repeated ids are listed, and both boxes stay', () => {
    const { annotations, repairs } = parseCoco(file([{ id: 7 }, { id: 7 }]));
    expect(annotations).toHaveLength(2);
    expect(messagesOf(repairs)).toEqual(['1 annotations repeat an id: all boxes count (id 7)']);
  });
});

describe('ids', () => {
  const withIds = (imageId: unknown, annotationImageId: unknown) =>
    file([{ image_id: annotationImageId }], [{ id: imageId, file_name: 'a.jpg', width: 640, height: 480 }]);

  it('strings on both sides', () => {
    expect(parseCoco(withIds('0000001_02999_d_0000005', '0000001_02999_d_0000005')).annotations).toHaveLength(1);
  });

  it.each([
    ['1', 1, 'image_id 1 (number) vs id "1" (string): write both the same way'],
    ['000001', 1, 'image_id 1 (number) vs id "000001" (string): write both the same way'],
    [1, '1', 'image_id "1" (string) vs id 1 (number): write both the same way'],
    [1, 55, 'no entry has this id: image_id 55 (number)'],
  ])('image %j, annotation %j', (imageId, annotationImageId, expected) => {
    expect(messageOf(withIds(imageId, annotationImageId))).toBe(
      `annotations: 1 problem\n  annotations[0] (id 1).image_id: ${expected}`,
    );
  });

  it('1.0 is 1', () => {
    const json = JSON.stringify(withIds(1, 2)).replace('"image_id":2', '"image_id":1.0');
    expect(parseCoco(json).annotations[0]!.image_id).toBe(1);
  });

  it('numbers and strings among the images', () => {
    const images = [
      { id: 1, file_name: 'a.jpg' },
      { id: 'b', file_name: 'b.jpg' },
    ];
    expect(messageOf(file([], images))).toContain(
      'ids are numbers and strings: images[0].id 1 (number), images[1].id "b"',
    );
  });

  it('beyond 2^53', () => {
    const json = JSON.stringify(
      file(
        [],
        [
          { id: 5, file_name: 'a.jpg' },
          { id: 6, file_name: 'b.jpg' },
        ],
      ),
    )
      .replace('"id":5', '"id":9007199254740993')
      .replace('"id":6', '"id":9223372036854775809');
    expect(messageOf(json)).toMatchInlineSnapshot(`
      "annotations: 2 problems
        images[0].id: 9007199254740992 is beyond 2^53 - 1, where different ids become the same number; write ids as strings
        images[1].id: 9223372036854776000 is beyond 2^53 - 1, where different ids become the same number; write ids as strings"
    `);
  });

  it('an image id twice', () => {
    const images = [
      { id: 1, file_name: 'a.jpg' },
      { id: 1, file_name: 'b.jpg' },
    ];
    expect(messageOf(file([], images))).toContain('images[1].id: id 1 (number) is taken by images[0] already');
  });

  it('the same file under two ids is a warning', () => {
    const images = [
      { id: 1, file_name: 'a.jpg', width: 4, height: 4 },
      { id: 2, file_name: 'a.jpg', width: 4, height: 4 },
    ];
    expect(messagesOf(parseCoco(file([], images)).repairs)).toEqual([
      '1 file names are listed again under another image id (a.jpg: 1, 2)',
    ]);
  });

  it('categories 90, 3, 0 in this order are kept as they are', () => {
    const categories = [90, 3, 0].map((id) => ({ id, name: `c${id}` }));
    const parsed = parseCoco({ ...file([{ category_id: 0 }, { category_id: 90 }]), categories });
    expect(parsed.categories.map(({ id }) => id)).toEqual([90, 3, 0]);
    expect(parsed.annotations.map(({ category_id }) => category_id)).toEqual([0, 90]);
  });
});

describe('boxes', () => {
  const boxes: [string, unknown, string][] = [
    ['null sides', [null, null, null, null], '[null, null, null, null]'],
    ['empty', [], '[]'],
    ['three numbers', [1, 2, 3], '[1, 2, 3]'],
    ['an object', { x: 1, y: 2, w: 3, h: 4 }, 'an object'],
    ['strings', ['10', '10', '20', '20'], '["10", "10", "20", "20"]'],
    ['missing', undefined, 'nothing'],
    ['not a number', [Number.NaN, 1, 2, 3], '[NaN, 1, 2, 3]'],
  ];
  it.each(boxes)('%s', (_, bbox, found) => {
    expect(messageOf(file([{}, { id: 12, bbox }]))).toBe(
      `annotations: 1 problem\n  annotations[1] (id 12).bbox: expected [x, y, width, height], four finite numbers, found ${found}`,
    );
  });

  it('too large for a double', () => {
    const json = JSON.stringify(file([{}])).replace('"bbox":[10', '"bbox":[1e999');
    expect(messageOf(json)).toContain('found [Infinity, 10, 20, 20]');
  });

  it('skipped with a warning, on request', () => {
    const parsed = parseCoco(file([{}, { bbox: [] }, { category_id: null }]), { onBad: 'skip' });
    expect(parsed.annotations).toHaveLength(1);
    expect(messagesOf(parsed.repairs)).toMatchInlineSnapshot(`
      [
        "2 faults in annotations that were skipped (annotations[1] (id 2).bbox: expected [x, y, width, height], four finite numbers, found [], annotations[2] (id 3).category_id: expected a whole number or a string, found null)",
      ]
    `);
  });

  it('zero and negative sides pass: evaluation counts them as the reference does', () => {
    const bbox = [500, 533, -269, -278];
    expect(parseCoco(file([{ bbox }, { bbox: [296.65, 388.33, 1.03, 0] }])).annotations[0]!.bbox).toEqual(bbox);
  });
});

describe('image sizes', () => {
  it.each([
    ['missing', {}],
    ['-1', { width: -1, height: -1 }],
    ['null', { width: null, height: null }],
  ])('%s: to be read from the picture', (_, size) => {
    const { images, repairs } = parseCoco(file([], [{ id: 1, file_name: 'a.jpg', ...size }]));
    expect(images).toEqual([{ id: 1, file_name: 'a.jpg' }]);
    expect(messagesOf(repairs)).toEqual([
      '1 images have no size in the file: it is read from the pictures (images[0])',
    ]);
  });

  it('not whole pixels', () => {
    expect(messageOf(file([], [{ id: 1, width: 3.5, height: 4 }]))).toContain(
      'images[0].width: expected whole pixels, found 3.5 (number)',
    );
  });
});

it('all problems of a file at once', () => {
  const broken = {
    images: [{ id: 1, file_name: 5 }, 'b.jpg'],
    annotations: [
      { id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], area: 'big', iscrowd: 2 },
      { id: 2, image_id: 9, category_id: 4, bbox: [1, 2, 3, 4] },
    ],
    categories: [{ id: 'one', name: 'x' }, { name: 3 }],
  };
  expect(messageOf(broken)).toMatchInlineSnapshot(`
    "annotations: 8 problems
      images[0].file_name: expected a string, found 5 (number)
      images[1]: expected an object, found "b.jpg" (string)
      annotations[0] (id 1).area: expected a finite number, found "big" (string)
      annotations[0] (id 1).iscrowd: expected 0 or 1, found 2 (number)
      categories[0].id: expected a whole number, found "one" (string)
      categories[1].id: expected a whole number or a string, found nothing
      annotations[1] (id 2).image_id: no entry has this id: image_id 9 (number)
      annotations[1] (id 2).category_id: no entry has this id: category_id 4 (number)"
  `);
});

it('no images, annotations or categories', () => {
  expect(messageOf({})).toMatchInlineSnapshot(`
    "annotations: 3 problems
      images: expected an array, found nothing
      annotations: expected an array, found nothing
      categories: expected an array, found nothing"
  `);
  expect(messageOf([1])).toMatchInlineSnapshot(`
    "annotations: 3 problems
      images: expected an array, found nothing
      annotations: expected an array, found nothing
      categories: expected an array, found nothing"
  `);
  expect(messageOf({ images: 5 })).toMatchInlineSnapshot(`
    "annotations: 1 problem
      images: expected an array, found number"
  `);
  expect(messageOf('[]')).toMatchInlineSnapshot(`
    "annotations: 1 problem
      (root): expected an object with images, annotations and categories, found an array"
  `);
  expect(messageOf('{"images": 5}')).toMatchInlineSnapshot(`
    "annotations: 1 problem
      images: expected an array, found 5"
  `);
});

describe('files of other tools', () => {
  const images = [{ id: 1, file_name: 'a.jpg', width: 64, height: 48 }];
  const categories = [{ id: 1, name: 'cell' }];
  const box = { id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 };

  it('LVIS: pictures are called as their addresses end', () => {
    const coco_url = 'http://images.cocodataset.org/train2017/000000391895.jpg';
    const file = { images: [{ id: 1, width: 64, height: 48, coco_url }], annotations: [box], categories };
    const { images: found, repairs } = parseCoco(JSON.stringify(file));
    const warnings = repairs.map(({ message }) => message);
    expect(found[0]!.file_name).toBe('000000391895.jpg');
    expect(warnings).toEqual(['1 images have no file_name; it is taken from the end of their coco_url (images[0])']);
  });

  it.each([
    ['text', JSON.stringify],
    ['parsed', (file: object) => file],
  ])('polygons without a box: the box around them (%s)', (_, write) => {
    const { bbox: _bbox, area: _area, ...without } = box;
    const polygons = {
      ...without,
      id: 2,
      segmentation: [
        [5, 6, 9, 6, 9, 10],
        [1, 20, 2, 21, 3, 20],
      ],
    };
    const file = { images, annotations: [box, polygons], categories };
    const { annotations, repairs } = parseCoco(write(file));
    const warnings = repairs.map(({ message }) => message);
    expect(annotations.map(({ bbox, area }) => [bbox, area])).toEqual([
      [[1, 2, 3, 4], 12],
      [[1, 6, 8, 15], 120],
    ]);
    expect(warnings).toContain('1 annotations have no bbox: taken around their polygons (annotations[1])');
    const mask = { ...without, segmentation: { counts: [1], size: [1, 1] } };
    expect(() => parseCoco(write({ ...file, annotations: [mask] }))).toThrow('bbox: expected [x, y, width, height]');
  });

  it('names that are numbers or null become text; a name that two categories have is told', () => {
    const named = [
      { id: 1, name: null },
      { id: 2, name: 7 },
      { id: 3, name: 'cat' },
      { id: 9, name: 'cat' },
    ];
    const { categories: found, repairs } = parseCoco({ images, annotations: [box], categories: named });
    const warnings = repairs.map(({ message }) => message);
    expect(found.map(({ name }) => name)).toEqual(['1', '7', 'cat', 'cat']);
    expect(warnings).toEqual([
      '1 categories have no name: called by their id (categories[0])',
      '1 categories have the name of another (cat: ids 3, 9)',
    ]);
  });

  it('images and categories that are not there: an error, or left out and counted as pycocotools does; 1 and "1" stay an error', () => {
    const annotations = [{ ...box, id: 5, image_id: 77 }, box, { ...box, id: 6, category_id: 88 }];
    const file = { images, annotations, categories };
    expect(() => parseCoco(file)).toThrow('image_id 77');
    const { annotations: kept, repairs } = parseCoco(file, { onUnknown: 'leaveOut' });
    const warnings = repairs.map(({ message }) => message);
    expect(kept.map(({ id }) => id)).toEqual([1]);
    expect(warnings).toEqual([
      '1 annotations are of images that the file does not have and were left out (annotations[0] (id 5))',
      '1 annotations are of categories that the file does not have and were left out (annotations[2] (id 6))',
    ]);
    const mixed = { images, annotations: [{ ...box, image_id: '1' }], categories };
    expect(() => parseCoco(mixed, { onUnknown: 'leaveOut' })).toThrow('write both the same way');
  });
});
