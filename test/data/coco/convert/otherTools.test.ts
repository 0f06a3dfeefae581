import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ConvertOptions, convertToCoco } from '../../../../src/index.data.js';
import { writeFiles, writePictures } from '../../../support/annotationWriters.js';
import { messagesOf } from '../../../support/repairs.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

const parent = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(parent, 'set-'));
  await writePictures(folder, [{ file: 'a.jpg', width: 100, height: 50, objects: [] }], '');
});

/** Boxes with their classes, in the one picture that there is. */
async function boxesOf(
  from: ConvertOptions['from'],
  files: Record<string, string>,
  options: Partial<ConvertOptions> = {},
) {
  writeFiles(folder, files);
  const { file } = await convertToCoco(folder, { from, ...options });
  const nameOf = new Map(file.categories.map(({ id, name }) => [id, name]));
  const boxes = file.annotations.map(({ category_id, bbox, iscrowd }) => {
    const rounded = bbox.map((number) => Math.round(number * 1000) / 1000).join(' ');
    return `${nameOf.get(category_id)} ${rounded}${iscrowd ? ' crowd' : ''}`;
  });
  return { boxes, warnings: messagesOf(file.repairs) };
}

describe('CSV', () => {
  it.each([
    ['the columns of xml_to_csv', 'filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,100,50,cat,10,20,30,40\n'],
    ['semicolons and decimal commas', 'filename;class;xmin;ymin;xmax;ymax\r\na.jpg;cat;10,0;20,0;30,0;40,0\r\n'],
    ['tabs and other names, in any order', 'label\tx2\ty2\tx1\ty1\timage_path\ncat\t30\t40\t10\t20\ta.jpg\n'],
    [
      'a byte order mark, quotes and spaces',
      '\ufeff"Filename", "Class", "X Min", "Y Min", "X Max", "Y Max"\n"a.jpg", "cat", 10, 20, 30, 40\n',
    ],
    ['no head (keras-retinanet)', 'a.jpg,10,20,30,40,cat\n'],
    ['a box in one cell', 'image_id,width,height,bbox,label\na,100,50,"[10.0, 20.0, 20.0, 20.0]",cat\n'],
  ])('%s', async (_, text) => {
    expect(await boxesOf('csv', { 'boxes.csv': text })).toEqual({ boxes: ['cat 10 20 20 20'], warnings: [] });
  });

  it('Open Images: shares of the picture, groups are crowds, names by class descriptions', async () => {
    const head =
      'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside';
    const text = `${head}\na,xclick,/m/01g317,1,0.1,0.3,0.4,0.8,0,0,0,0,0\na,xclick,/m/0k4j,1,0,1,0,1,0,0,1,0,0\n`;
    writeFiles(parent, { 'names.csv': '/m/01g317,Person\n/m/0k4j,Car\n' });
    const { boxes } = await boxesOf('csv', { 'boxes.csv': text }, { names: join(parent, 'names.csv') });
    expect(boxes).toEqual(['Person 10 20 20 20', 'Car 0 0 100 50 crowd']);
    const wrong = boxesOf('csv', { 'boxes.csv': text.replace('0.3', '3') });
    await expect(wrong).rejects.toThrow('boxes.csv line 2: expected shares of the picture, from 0 to 1, found 3');
  });

  it('pixels from 1; a row without a box is a picture without objects; a word for a number stops', async () => {
    const head = 'filename,class,xmin,ymin,xmax,ymax\n';
    const { boxes } = await boxesOf(
      'csv',
      { 'boxes.csv': `${head}a.jpg,cat,11,21,30,40\na.jpg,,,,,\n` },
      { pixels: 'inclusive' },
    );
    expect(boxes).toEqual(['cat 10 20 20 20']);
    await expect(boxesOf('csv', { 'boxes.csv': `${head}a.jpg,cat,11,x,30,40\n` })).rejects.toThrow(
      'expected four numbers, found "11,x,30,40"',
    );
    await expect(boxesOf('csv', { 'boxes.csv': 'name,price\nx,1\n' })).rejects.toThrow('is in this format');
  });
});

describe('VIA', () => {
  const rect = { name: 'rect', x: 10, y: 20, width: 20, height: 20 };
  const entry = (regions: unknown) =>
    JSON.stringify({ 'a.jpg1': { fileref: '', size: 1, filename: 'a.jpg', regions } });

  it.each([
    ['version 1: regions by number', entry({ 0: { shape_attributes: rect, region_attributes: { type: 'cat' } } })],
    ['the only attribute', entry([{ shape_attributes: rect, region_attributes: { species: 'cat' } }])],
    [
      'the attribute that is called as a class is',
      entry([{ shape_attributes: rect, region_attributes: { Quality: 'bad', Label: 'cat' } }]),
    ],
    ['one ticked box', entry([{ shape_attributes: rect, region_attributes: { kind: { cat: true } } }])],
  ])('%s', async (_, text) => {
    expect(await boxesOf('via', { 'via.json': text })).toEqual({ boxes: ['cat 10 20 20 20'], warnings: [] });
  });

  it('shapes: polygon, circle, turned ellipse; points are left out; no attribute means the one class', async () => {
    const shapes = [
      { name: 'polygon', all_points_x: [10, 30, 20], all_points_y: [20, 25, 40] },
      { name: 'circle', cx: 50, cy: 25, r: 10 },
      { name: 'ellipse', cx: 50, cy: 25, rx: 20, ry: 10, theta: Math.PI / 2 },
      { name: 'point', cx: 1, cy: 1 },
    ];
    const text = entry(shapes.map((shape_attributes) => ({ shape_attributes, region_attributes: {} })));
    const { boxes, warnings } = await boxesOf('via', { 'via.json': text });
    expect(boxes).toEqual(['object 10 20 20 20', 'object 40 15 20 20', 'object 40 5 20 40']);
    expect(warnings).toEqual(['1 points and lines were left out (via.json a.jpg1 regions[3])']);
  });

  it('of regions with and without attributes, the latter are of no known class', async () => {
    const text = entry([
      { shape_attributes: rect, region_attributes: { class: 'cat' } },
      { shape_attributes: rect, region_attributes: {} },
    ]);
    const { boxes, warnings } = await boxesOf('via', { 'via.json': text });
    expect(boxes).toEqual(['cat 10 20 20 20']);
    expect(warnings).toEqual(['1 objects have no label and were passed over (via.json a.jpg1 regions[1])']);
  });

  describe('version 3', () => {
    const options = { c: 'cat', d: 'dog' };
    const image = { fid: '1', fname: 'a.jpg', type: 2, loc: 1, src: '' };
    const project = (
      regions: readonly unknown[],
      { attribute = { aname: 'class', type: 4, options } as object, file = {} } = {},
    ) =>
      JSON.stringify({
        project: { pname: 'Unnamed', data_format_version: '3.1.1', vid_list: ['1'] },
        attribute: { 1: { anchor_id: 'FILE1_Z0_XY1', desc: '', default_option_id: '', ...attribute } },
        file: { 1: { ...image, ...file } },
        view: { 1: { fid_list: [1] } },
        metadata: Object.fromEntries(
          regions.map((region, i) => [`r${i}`, { vid: '1', flg: 0, z: [], ...(region as object) }]),
        ),
      });
    const xy = [2, 10, 20, 20, 20];

    it.each<[string, unknown, { attribute?: object; file?: object }?]>([
      ['a choice', { xy, av: { 1: 'c' } }],
      ['words', { xy, av: { 1: 'cat' } }, { attribute: { aname: 'what it is', type: 1, options: {} } }],
      ['one box ticked', { xy, av: { 1: 'c' } }, { attribute: { aname: 'class', type: 2, options } }],
      ['an address', { xy, av: { 1: 'c' } }, { file: { fname: 'first', loc: 2, src: 'https://x.org/p/a.jpg?v=1' } }],
      ['a path on Windows', { xy, av: { 1: 'c' } }, { file: { loc: 3, src: 'C:\\\\pets\\\\a.jpg' } }],
      ['a path that says nothing', { xy, av: { 1: 'c' } }, { file: { loc: 3, src: '/tmp/x' } }],
    ])('%s', async (_, region, others) => {
      expect(await boxesOf('via', { 'via.json': project([region], others) })).toEqual({
        boxes: ['cat 10 20 20 20'],
        warnings: [],
      });
    });

    it('shapes; what is about the picture or a time is no object; no class, two ticked and points are counted', async () => {
      const av = { 1: 'd' };
      const regions = [
        { xy: [3, 50, 25, 10], av },
        { xy: [4, 50, 25, 20, 10], av },
        { xy: [7, 10, 20, 30, 25, 20, 40], av },
        { xy: [8, 10, 25, 30, 25, 20, 20, 20, 40], av },
        { xy: [1, 5, 5], av },
        { xy: [9, 1, 1, 2, 2, 3, 1], av },
        { xy: [], av },
        { xy, av: {} },
        { vid: '7', xy, av },
      ];
      const { boxes, warnings } = await boxesOf('via', { 'via.json': project(regions) });
      expect(boxes).toEqual(['dog 40 15 20 20', 'dog 30 15 40 20', 'dog 10 20 20 20']);
      expect(warnings).toEqual([
        '1 points and lines were left out (via.json metadata.r4)',
        '1 circles through three points were left out (via.json metadata.r5)',
        '1 objects have no label and were passed over (via.json metadata.r7)',
        '1 boxes repeat another in picture, class and place and were left out (via.json metadata.r3)',
      ]);
    });
  });

  it('annotations as CSV', async () => {
    const head = '#filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes';
    const row =
      'a.jpg,1,"{}",1,0,"{""name"":""rect"",""x"":10,""y"":20,""width"":20,""height"":20}","{""class"":""cat""}"';
    expect(await boxesOf('via', { 'via.csv': `${head}\n${row}\n` })).toEqual({
      boxes: ['cat 10 20 20 20'],
      warnings: [],
    });
  });
});

describe('CVAT', () => {
  const xml = (body: string, meta = '') =>
    `<?xml version="1.0"?>\n<annotations><version>1.1</version><meta>${meta}</meta>${body}</annotations>`;

  it('boxes, turned ones, polygons, ellipses, masks; lines and points are left out', async () => {
    const body = `<image id="0" name="a.jpg" width="100" height="50">
      <box label="cat" xtl="10" ytl="20" xbr="30" ybr="40"></box>
      <box label="cat" xtl="40" ytl="20" xbr="60" ybr="30" rotation="90.0"></box>
      <polygon label="dog" points="1.5,2;9,4;3,12"/>
      <ellipse label="dog" cx="50" cy="25" rx="20" ry="10"/>
      <mask label="dog" rle="1, 2" left="70" top="10" width="5" height="6"/>
      <polyline label="dog" points="1,2;9,4"/><points label="dog" points="1,2"/></image>`;
    const { boxes, warnings } = await boxesOf('cvat', { 'annotations.xml': xml(body) });
    expect(boxes).toEqual([
      'cat 10 20 20 20',
      'cat 45 15 10 20',
      'dog 1.5 2 7.5 10',
      'dog 30 15 40 20',
      'dog 70 10 5 6',
    ]);
    expect(warnings.join()).toContain('2 points, lines, cuboids and skeletons were left out');
  });

  it('a video: boxes by frame, without those that have left the picture', async () => {
    const pictures = [0, 1].map((i) => ({ file: `images/frame_00000${i}.PNG`, width: 100, height: 50, objects: [] }));
    await writePictures(folder, pictures, '');
    const box = (frame: number, outside: number, x: number) =>
      `<box frame="${frame}" outside="${outside}" keyframe="1" xtl="${x}" ytl="20" xbr="30" ybr="40"/>`;
    const body = `<track id="0" label="cat">${box(0, 0, 10)}${box(1, 0, 11)}</track><track id="1" label="dog">${box(0, 0, 12)}${box(1, 1, 12)}</track>`;
    const meta = '<task><original_size><width>100</width><height>50</height></original_size></task>';
    const { boxes } = await boxesOf('cvat', { 'annotations.xml': xml(body, meta) });
    expect(boxes).toEqual(['cat 10 20 20 20', 'dog 12 20 18 20', 'cat 11 20 19 20']);
  });
});

describe('Label Studio', () => {
  const value = { x: 10, y: 40, width: 20, height: 40, rotation: 0, rectanglelabels: ['cat'] };
  const size = { original_width: 100, original_height: 50 };
  const task = (image: string, ...results: object[][]) =>
    JSON.stringify([
      {
        id: 1,
        data: { image },
        annotations: results.map((result, i) => ({ id: i, was_cancelled: i === 0 && results.length > 2, result })),
      },
    ]);

  it.each([
    '/data/upload/3/0a1b2c3d-a.jpg',
    '/data/local-files/?d=pets%2Fa.jpg',
    's3://bucket/pets/a.jpg',
    'https://x.org/a.jpg?size=9',
  ])('the picture %s', async (image) => {
    const text = task(image, [{ ...size, type: 'rectanglelabels', value }]);
    expect(await boxesOf('labelstudio', { 'project.json': text })).toEqual({
      boxes: ['cat 10 20 20 20'],
      warnings: [],
    });
  });

  it('JSON-MIN', async () => {
    const text = JSON.stringify([
      { id: 1, image: '/data/upload/1/0a1b2c3d-a.jpg', label: [{ ...value, ...size }], annotator: 1 },
    ]);
    expect(await boxesOf('labelstudio', { 'project.json': text })).toEqual({
      boxes: ['cat 10 20 20 20'],
      warnings: [],
    });
  });

  it('turned boxes about their corner, polygons, ellipses; key points are left out, choices are no objects', async () => {
    const marks = [
      { ...size, value: { ...value, x: 50, rotation: 90 } },
      {
        ...size,
        value: {
          points: [
            [10, 10],
            [30, 20],
            [20, 50],
          ],
          polygonlabels: ['dog'],
        },
      },
      { ...size, value: { x: 50, y: 50, radiusX: 10, radiusY: 20, rotation: 0, ellipselabels: ['dog'] } },
      { ...size, value: { x: 50, y: 50, width: 0.3, keypointlabels: ['eye'] } },
      { value: { choices: ['good'] } },
    ];
    const { boxes, warnings } = await boxesOf('labelstudio', { 'project.json': task('a.jpg', marks) });
    expect(boxes).toEqual(['cat 30 20 20 20', 'dog 10 5 20 20', 'dog 40 15 20 20']);
    expect(warnings.join()).toContain('1 points, brushes and lines were left out');
  });

  it('of several annotations the first that was not cancelled', async () => {
    const other = [{ ...size, value: { ...value, x: 0 } }];
    const text = task('a.jpg', other, [{ ...size, value }], other);
    expect((await boxesOf('labelstudio', { 'project.json': text })).boxes).toEqual(['cat 10 20 20 20']);
  });
});
