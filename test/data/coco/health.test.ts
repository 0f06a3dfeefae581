import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boxesBeyondAnchors } from '../../../src/data/coco/anchorFit.js';
import { cleanCoco, cocoHealth, learningProblems, sharedFileNames } from '../../../src/data/coco/health.js';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { messagesOf } from '../../support/repairs.js';
import { describeWithShared } from '../../support/shared.js';

const boxes = [
  { image_id: 1, bbox: [10, 10, 20, 40] }, // small
  { image_id: 1, bbox: [10, 10, 20, 40] }, // the same again
  { image_id: 1, bbox: [50, 50, 50, 50], category_id: 5 }, // medium, over the right and lower edge
  { image_id: 2, bbox: [0, 0, 0.5, 30] }, // thin
  { image_id: 2, bbox: [200, 0, 30, 30] }, // outside
  { image_id: 2, bbox: [0, 0, 90, 90], iscrowd: 1 },
  { image_id: 2, bbox: [500, 533, -269, -278] }, // negative
];
const file = parseCoco({
  images: [1, 2, 3].map((id) => ({ id, file_name: `${id}.jpg`, width: 90, height: 90 })),
  annotations: boxes.map((box, i) => ({
    id: i + 1,
    category_id: 2,
    iscrowd: 0,
    area: box.bbox[2]! * box.bbox[3]!,
    ...box,
  })),
  categories: [
    { id: 5, name: 'five' },
    { id: 2, name: 'two' },
    { id: 7, name: 'none' },
  ],
});

describe('health', () => {
  const { images, boxes, categories } = cocoHealth(file);

  it('images: used, empty, with nothing usable', () => {
    expect(images).toMatchObject({ total: 3, used: 1, empty: 1, onlyUnusable: 1, boxes: [0, 0, 0, 3, 3] });
    expect(images.sizes).toEqual([{ width: 90, height: 90, count: 3 }]);
  });

  it('boxes: why they are of no use, with the first ids', () => {
    expect(boxes).toMatchObject({ total: 7, usable: 3, overEdge: 1, repeated: 1, small: 2, medium: 1, large: 0 });
    expect(boxes.unusable).toEqual({
      crowd: { count: 1, first: [6] },
      thin: { count: 2, first: [4, 7] },
      outside: { count: 1, first: [5] },
    });
  });

  it('sides and aspect ratios of usable boxes', () => {
    expect(boxes.side![4]).toBe(50);
    expect(boxes.aspectRatio).toEqual([1, 2, 2, 2, 2]);
  });

  it('categories in ascending id, also those without a box', () => {
    expect(categories).toEqual([
      { id: 2, name: 'two', boxes: 2, images: 1 },
      { id: 5, name: 'five', boxes: 1, images: 1 },
      { id: 7, name: 'none', boxes: 0, images: 0 },
    ]);
  });

  it('an empty file', () => {
    const empty = parseCoco({ images: [], annotations: [], categories: [] });
    expect(cocoHealth(empty)).toMatchObject({ images: { total: 0, boxes: null }, boxes: { total: 0, side: null } });
  });
});

it('clean: cut to the image, without thin ones and those outside; crowds stay', () => {
  const { annotations, images } = cleanCoco(file);
  expect(annotations.map(({ id, bbox, area }) => [id, bbox, area])).toEqual([
    [1, [10, 10, 20, 40], 800],
    [2, [10, 10, 20, 40], 800],
    [3, [50, 50, 40, 40], 1600],
    [6, [0, 0, 90, 90], 8100],
  ]);
  expect(images).toHaveLength(3);
  expect(cocoHealth(cleanCoco(file)).boxes.unusable).toMatchObject({ thin: { count: 0 }, outside: { count: 0 } });
});

it('files that training and validation share', () => {
  const other = parseCoco({ images: [{ id: 9, file_name: '2.jpg' }, { id: 1 }], annotations: [], categories: [] });
  expect(sharedFileNames(file, other)).toEqual(['2.jpg']);
});

describeWithShared('a file with 25 faults put in on purpose', 'data/bccd/annotations', (folder) => {
  const bytes = readFileSync(`${folder}/instances_val40_made_faulty.json`);

  it('those that no training can live with are listed, with ids', () => {
    expect(() => parseCoco(bytes, { name: 'faulty.json' })).toThrowErrorMatchingInlineSnapshot(`
      [DatasetError: faulty.json: 8 problems
        annotations[119] (id 515).category_id: expected a whole number or a string, found null
        annotations[144] (id 627).bbox: expected [x, y, width, height], four finite numbers, found [1, 2, 3]
        annotations[167] (id 670).bbox: expected [x, y, width, height], four finite numbers, found nothing
        annotations[197] (id 972).bbox: expected [x, y, width, height], four finite numbers, found [1, 2, null, 4]
        annotations[211] (id 1000).bbox: expected [x, y, width, height], four finite numbers, found ["1", "2", "30", "40"]
        images[40].id: id 124 (number) is taken by images[24] already
        annotations[95] (id 491).category_id: no entry has this id: category_id 99 (number)
        annotations[310] (id 1617).image_id: no entry has this id: image_id 999999 (number)]
    `);
  });

  it('skipped, the rest is healthy once cleaned', () => {
    const skipped = parseCoco(bytes, { onBad: 'skip' });
    expect(skipped.images).toHaveLength(40);
    expect(cocoHealth(cleanCoco(skipped)).boxes).toMatchObject({ overEdge: 0 });
    expect({
      warnings: messagesOf(skipped.repairs),
      unusable: cocoHealth(skipped).boxes.unusable,
    }).toMatchInlineSnapshot(`
      {
        "unusable": {
          "crowd": {
            "count": 1,
            "first": [
              1178,
            ],
          },
          "outside": {
            "count": 2,
            "first": [
              301,
              1773,
            ],
          },
          "thin": {
            "count": 3,
            "first": [
              1,
              40,
              1554,
            ],
          },
        },
        "warnings": [
          "1 images have no size in the file: it is read from the pictures (images[22])",
          "7 faults in annotations that were skipped (annotations[119] (id 515).category_id: expected a whole number or a string, found null, annotations[144] (id 627).bbox: expected [x, y, width, height], four finite numbers, found [1, 2, 3], annotations[167] (id 670).bbox: expected [x, y, width, height], four finite numbers, found nothing, annotations[197] (id 972).bbox: expected [x, y, width, height], four finite numbers, found [1, 2, null, 4], annotations[211] (id 1000).bbox: expected [x, y, width, height], four finite numbers, found ["1", "2", "30", "40"], ...)",
          "1 annotations have no area: taken as width x height (annotations[225])",
          "1 annotations have no iscrowd: taken as 0 (annotations[246])",
          "1 images were listed again and skipped (images[40])",
          "1 annotations repeat an id: all boxes count (id 1485)",
        ],
      }
    `);
  });
});

describe('nothing to learn', () => {
  const images = [{ id: 1, file_name: 'a.jpg', width: 64, height: 48 }];
  const categories = [{ id: 1, name: 'cell' }];
  const box = (bbox: number[], more = {}) => ({ id: 1, image_id: 1, category_id: 1, bbox, ...more });
  const problems = (file: object) =>
    learningProblems(parseCoco({ images, annotations: [], categories, ...file })).map(
      ({ at, message }) => `${at}: ${message}`,
    );

  it.each([
    ['no class', { categories: [] }, ['categories: there is no class', 'annotations: 1 pictures and no box']],
    ['no picture', { images: [] }, ['images: there is no picture']],
    ['no box', {}, ['annotations: 1 pictures and no box']],
    [
      'crowds alone',
      { annotations: [box([1, 1, 9, 9], { iscrowd: 1 })] },
      ['annotations: none of 1 boxes is of use: 1 crowd regions'],
    ],
    [
      'all outside',
      { annotations: [box([70, 1, 9, 9])] },
      ['annotations: none of 1 boxes is of use: 1 outside their picture'],
    ],
    [
      'shares for pixels',
      { annotations: [box([0.1, 0.1, 0.5, 0.5]), box([0, 0, 1, 0.5])] },
      [
        'annotations: none of 2 boxes is of use: 2 thinner than a pixel; all numbers are from 0 to 1: shares of the picture where pixels belong?',
      ],
    ],
    ['one box of use', { annotations: [box([70, 1, 9, 9]), box([1, 1, 9, 9])] }, []],
  ])('%s', (_, file, expected) => {
    expect(problems(file)).toEqual(expected);
  });

  it('boxes that no anchor overlaps by 0.4, in pictures of 800 x 1333', () => {
    const picture = [{ id: 1, file_name: 'a.jpg', width: 1333, height: 800 }];
    // Anchors have sides from 32 to 813 and ratios 1/2, 1, 2. 20 x 20 in 32 x 32: 400/1024 = 0.39; 21 x 21: 0.43. 800 x 20 is too long.
    const boxes = [
      box([0, 0, 20, 20]),
      box([0, 0, 21, 21]),
      box([0, 0, 800, 20]),
      box([0, 0, 100, 200]),
      box([0, 0, 1, 0.2]),
    ];
    const file = parseCoco({ images: picture, annotations: boxes, categories });
    expect(boxesBeyondAnchors(file, { shortSide: 800, longSide: 1333 })).toBe(2);
  });
});
