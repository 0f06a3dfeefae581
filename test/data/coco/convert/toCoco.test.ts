import { mkdtempSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ConvertOptions, convertToCoco } from '../../../../src/index.data.js';
import { writeFiles, writePictures } from '../../../support/annotationWriters.js';
import { messagesOf } from '../../../support/repairs.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

const parent = temporaryFolder();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(parent, 'set-'));
});

const write = (files: Record<string, string | Uint8Array>) => writeFiles(folder, files);
/** Pictures of 64 x 48. */
const draw = (...files: string[]) =>
  writePictures(
    folder,
    files.map((file) => ({ file, width: 64, height: 48, objects: [] })),
    '',
  );

/** What a conversion gives: boxes by picture, and the warnings. */
async function converted(options: ConvertOptions, input = '') {
  const { file } = await convertToCoco(join(folder, input), options);
  const boxes = file.images.map(({ id, file_name, width, height }) => [
    `${file_name} ${width}x${height}`,
    ...file.annotations.filter(({ image_id }) => image_id === id).map(({ bbox }) => bbox.join(' ')),
  ]);
  return { boxes, warnings: messagesOf(file.repairs), categories: file.categories };
}

async function messageOf(options: ConvertOptions, input = ''): Promise<string> {
  const error = await convertToCoco(join(folder, input), options).catch((problem: unknown) => problem);
  return (error as Error).message.replaceAll(folder, 'DIR');
}

const voc = (filename: string, size = '<size><width>64</width><height>48</height></size>', box = [3, 5, 12, 14]) => {
  const [xmin, ymin, xmax, ymax] = box;
  return `<annotation>${filename === '' ? '' : `<filename>${filename}</filename>`}${size}<object><name>dog</name><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object></annotation>`;
};
const labelme = (imagePath: string | null, shapes: readonly unknown[] = [shape([2, 4], [12, 14])], size = {}) =>
  JSON.stringify({ imagePath, imageWidth: 64, imageHeight: 48, ...size, shapes });
const shape = (...points: number[][]) => ({
  label: 'dog',
  shape_type: points.length === 2 ? 'rectangle' : 'polygon',
  points,
});

describe('which picture an annotation file is about', () => {
  it.each([
    ['a name without ending (Stanford Dogs)', 'n02085620_7', 'n02085620_7'],
    ['%s, as a tool forgot to fill in', '%s', 'n02085620_7'],
    ['no name', '', 'n02085620_7'],
    ['another ending', 'n02085620_7.bmp', 'n02085620_7'],
    ['upper and lower case', 'N02085620_7.JPG', 'n02085620_7'],
    ['the path of another machine', 'C:\\Users\\me\\dogs\\n02085620_7.jpg', 'n02085620_7'],
  ])('VOC: %s', async (_, filename, file) => {
    await draw(`${file}.jpg`, 'other.jpg');
    write({ [`${file}.xml`]: voc(filename) });
    expect((await converted({ from: 'voc' })).boxes).toEqual([[`${file}.jpg 64x48`, '2 4 10 10']]);
  });

  it('VOC: files without an ending; what is no XML among them is passed over', async () => {
    await draw('Images/n1/n1_7.jpg');
    write({ 'Annotation/n1/n1_7': voc('%s'), 'Annotation/LICENSE': 'MIT' });
    const { boxes, warnings } = await converted({ from: 'voc', images: join(folder, 'Images') }, 'Annotation');
    expect(boxes).toEqual([['n1/n1_7.jpg 64x48', '2 4 10 10']]);
    expect(warnings).toEqual(['1 files are of another kind and were passed over (LICENSE)']);
  });

  it.each(['x/', 'y/'])('LabelMe, VOC: x/1 and y/1 are two pictures (%s)', async () => {
    await draw('x/1.jpg', 'y/1.jpg');
    write({ 'x/1.json': labelme('1.jpg'), 'y/1.json': labelme('1.jpg', [shape([0, 0], [5, 5])]) });
    write({ 'x/1.xml': voc('1.jpg'), 'y/1.xml': voc('1.jpg', undefined, [1, 1, 5, 5]) });
    const expected = [
      ['x/1.jpg 64x48', '2 4 10 10'],
      ['y/1.jpg 64x48', '0 0 5 5'],
    ];
    expect((await converted({ from: 'labelme' })).boxes).toEqual(expected);
    expect((await converted({ from: 'voc' })).boxes).toEqual(expected);
  });

  it('two names that lead to one picture: the second is passed over', async () => {
    await draw('1.jpg');
    write({ 'a.csv': 'filename,class,xmin,ymin,xmax,ymax\np/1.jpg,dog,2,4,12,14\nq/1.jpg,dog,0,0,5,5\n' });
    const { boxes, warnings } = await converted({ from: 'csv' });
    expect(boxes).toEqual([['1.jpg 64x48', '2 4 10 10']]);
    expect(warnings).toEqual([
      '1 names lead to a picture that another name has already and were passed over (a.csv line 3 (q/1.jpg))',
    ]);
  });

  it('back-slashes and .. that end inside the given folder; an absolute or leaving path never reads outside', async () => {
    await draw('img/a.jpg');
    write({ 'json/a.json': labelme('..\\img\\a.jpg') });
    const images = join(folder, 'img');
    expect((await converted({ from: 'labelme', images }, 'json')).boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    write({ 'json/a.json': labelme('../../../../etc/passwd') });
    expect((await converted({ from: 'labelme', images }, 'json')).boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    write({ 'json/b.json': labelme('/etc/hostname') });
    expect((await converted({ from: 'labelme', images }, 'json')).warnings.join()).toContain(
      '1 annotated pictures are not in the folder',
    );
  });

  it('VOC as it comes: Annotations beside JPEGImages, from the top or from Annotations', async () => {
    await draw('VOC2007/JPEGImages/000001.jpg');
    write({ 'VOC2007/Annotations/000001.xml': voc('000001.jpg'), 'VOC2007/ImageSets/Main/train.txt': '000001\n' });
    expect((await converted({ from: 'voc' }, 'VOC2007')).boxes[0]![0]).toBe('JPEGImages/000001.jpg 64x48');
    expect((await converted({ from: 'voc' }, 'VOC2007/Annotations')).boxes[0]![0]).toBe('000001.jpg 64x48');
  });

  it('names in two Unicode forms; linked pictures', async () => {
    await draw('store/Käse.jpg');
    write({ 'set/a.txt': '' });
    symlinkSync(join(folder, 'store/Käse.jpg'), join(folder, 'set/Ka\u0308se.jpg'));
    write({ 'set/1.json': labelme('K\u00e4se.jpg') });
    expect((await converted({ from: 'labelme' }, 'set')).boxes).toEqual([['Ka\u0308se.jpg 64x48', '2 4 10 10']]);
  });

  it('links that lead nowhere are counted, among pictures and annotations', async () => {
    await draw('a.jpg');
    write({ 'a.json': labelme('a.jpg') });
    symlinkSync('/nowhere/b.jpg', join(folder, 'b.jpg'));
    symlinkSync('/nowhere/b.json', join(folder, 'b.json'));
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    expect(warnings.map((warning) => warning.replaceAll(`${folder}/`, ''))).toEqual([
      '2 links that lead nowhere, pipes, devices or sockets were passed over (b.jpg, b.json)',
    ]);
  });

  it('junk of operating systems is not looked at', async () => {
    await draw('a.jpg');
    write({
      'a.json': labelme('a.jpg'),
      '._a.json': '\0',
      '__MACOSX/a.json': '{',
      '@eaDir/a.json': '{',
      'a.json:Zone.Identifier': '',
    });
    expect(await converted({ from: 'labelme' })).toMatchObject({ boxes: [['a.jpg 64x48', '2 4 10 10']], warnings: [] });
  });
});

describe('sizes', () => {
  it.each([
    ['0 x 0', '<size><width>0</width><height>0</height></size>'],
    ['none', ''],
    ['words', '<size><width>wide</width><height>48</height></size>'],
  ])('VOC: %s is read from the picture', async (_, size) => {
    await draw('a.jpg');
    write({ 'a.xml': voc('a.jpg', size) });
    const { boxes, warnings } = await converted({ from: 'voc' });
    expect(boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    expect(warnings).toEqual(['1 sizes were read from the pictures, as the annotations say none (a.xml)']);
  });

  it("another size than the picture's: its own counts, upright", async () => {
    const picture = sharp({ create: { width: 48, height: 64, channels: 3, background: '#808080' } });
    write({ 'a.jpg': await picture.withMetadata({ orientation: 6 }).jpeg().toBuffer(), 'a.json': labelme('a.jpg') });
    expect((await converted({ from: 'labelme' })).boxes[0]![0]).toBe('a.jpg 64x48');
    write({ 'a.json': labelme('a.jpg', undefined, { imageWidth: 48, imageHeight: 64 }) });
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes[0]![0]).toBe('a.jpg 64x48');
    expect(warnings.join()).toContain('a.json: 48 x 64, is 64 x 48');
  });

  it('neither size nor picture: passed over', async () => {
    write({ 'a.xml': voc('a.jpg', ''), 'b.xml': voc('b.jpg') });
    const { boxes, warnings } = await converted({ from: 'voc' });
    expect(boxes).toEqual([['b.jpg 64x48', '2 4 10 10']]);
    expect(warnings[0]).toBe('1 pictures have no size in the annotations and are not there to be read (a.xml)');
  });
});

describe('numbers', () => {
  const yolo = (line: string) => {
    write({ 'data.yaml': 'names: [cat]\n', 'labels/a.txt': line });
    return { from: 'yolo' as const, images: join(folder, 'images') };
  };

  it.each([
    ['0 16 16 16 16', 'a.txt line 1: expected shares of the picture, from 0 to 1, found 16'],
    ['0 .25 .33 -.25 .33', 'a.txt line 1: expected shares of the picture, from 0 to 1, found -0.25'],
    ['0 .5 .5 nan .5', 'a.txt line 1: expected class, x, y, width, height'],
    ['0 .1 .2 .5 .9 .3 1.5', 'found 1.5'],
    ['1 .5 .5 .1 .1', 'a.txt line 1: class 1 has no name in DIR/data.yaml'],
    ['cat .5 .5 .1 .1', 'a.txt line 1: expected class, x, y, width, height'],
  ])('YOLO: %s', async (line, message) => {
    await draw('images/a.jpg');
    expect(await messageOf(yolo(`${line}\n`), 'labels')).toContain(message);
  });

  it('YOLO: a share that rounding puts a little over 1 passes', async () => {
    await draw('images/a.jpg');
    expect((await converted(yolo('0 0.5 0.5 1.000001 1'), 'labels')).boxes[0]).toHaveLength(2);
  });

  it('VOC: corners in the wrong order are mended and counted', async () => {
    await draw('a.jpg');
    write({ 'a.xml': voc('a.jpg', undefined, [12, 14, 3, 5]) });
    const { boxes, warnings } = await converted({ from: 'voc' });
    expect(boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    expect(warnings).toEqual(['1 boxes had their corners in the wrong order and were mended (a.xml object[0])']);
    expect(await messageOf({ from: 'voc', strict: true })).toContain('boxes had their corners in the wrong order');
  });

  it('boxes that repeat are left out and counted; a polygon of a million points is one box', async () => {
    await draw('a.jpg');
    const polygon = Array.from({ length: 1e6 }, (_, i) => [20 + (i % 10), 20 + (i % 7)]);
    write({
      'a.json': labelme('a.jpg', [
        shape([2, 4], [12, 14]),
        shape([12, 14], [2, 4]),
        { label: 'dog', shape_type: 'polygon', points: polygon },
      ]),
    });
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes[0]).toHaveLength(3);
    expect(warnings).toEqual([
      '1 boxes repeat another in picture, class and place and were left out (a.json shapes[1])',
    ]);
  });

  it('LabelMe: parts with one label and one group_id are one object', async () => {
    await draw('a.jpg');
    const part = (group_id: number, label: string, ...points: number[][]) => ({ ...shape(...points), label, group_id });
    const parts = [
      part(1, 'dog', [8, 8], [16, 24]),
      part(1, 'dog', [18, 8], [24, 24]),
      part(1, 'cat', [0, 0], [4, 4]),
      part(2, 'dog', [0, 0], [3, 3]),
    ];
    write({ 'a.json': labelme('a.jpg', parts) });
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes).toEqual([['a.jpg 64x48', '8 8 16 16', '0 0 4 4', '0 0 3 3']]);
    expect(warnings[0]).toContain('1 shapes are parts of an object with others');
  });
});

describe('YOLO', () => {
  const options = () => ({ from: 'yolo' as const, images: join(folder, 'images') });

  it('no label folder; labels that match no picture; some that match none', async () => {
    await draw('images/a.jpg', 'images/b.jpg');
    write({ 'data.yaml': 'names: [cat]\n' });
    expect(await messageOf({ ...options(), names: join(folder, 'data.yaml') }, 'labels')).toContain(
      'no such file or folder',
    );
    write({ 'labels/c.txt': '0 .5 .5 .5 .5', 'labels/d.txt': '' });
    expect(await messageOf(options(), 'labels')).toContain(
      'none of 2 annotated pictures is among the 2 pictures below DIR/images',
    );
    write({ 'labels/a.txt': '0 .5 .5 .5 .5' });
    const { boxes, warnings } = await converted(options(), 'labels');
    expect(boxes).toEqual([['a.jpg 64x48', '16 12 32 24'], ['b.jpg 64x48']]);
    expect(warnings).toEqual([
      '2 annotated pictures are not in the folder and were passed over (c.txt, d.txt)',
      '1 pictures have no label file and count as pictures without objects (b.jpg)',
    ]);
  });

  it('key points by kpt_shape: the box is that of the first four numbers', async () => {
    await draw('images/a.jpg');
    write({ 'data.yaml': 'names: [cat]\nkpt_shape: [2, 3]\n', 'labels/a.txt': '0 .5 .5 .5 .5 .4 .4 2 .6 .6 1' });
    expect((await converted(options(), 'labels')).boxes).toEqual([['a.jpg 64x48', '16 12 32 24']]);
    write({ 'labels/a.txt': '0 .5 .5 .5 .5 .4 .4 2' });
    expect(await messageOf(options(), 'labels')).toContain('a.txt line 1: expected class');
  });

  it.each([
    ['one point with visibility', '0 .5 .5 .5 .5 .4 .4 2'],
    ['two points with visibility', '0 .5 .5 .5 .5 .4 .4 1 .6 .6 1'],
    ['points without visibility', '0 .5 .5 .5 .5 .4 .4\n0 .3 .3 .2 .2 .31 .31\n0 .6 .6 .2 .2 .61 .61'],
  ])('key points without kpt_shape stop: %s', async (_, lines) => {
    await draw('images/a.jpg');
    write({ 'data.yaml': 'names: [cat]\n', 'labels/a.txt': lines });
    expect(await messageOf(options(), 'labels')).toMatch(/kpt_shape|expected class/);
  });

  it('turned boxes (four corners): the box around them', async () => {
    await draw('images/a.jpg');
    write({ 'data.yaml': 'names: [cat]\n', 'labels/a.txt': '0 .5 .25 .75 .5 .5 .75 .25 .5' });
    expect((await converted(options(), 'labels')).boxes).toEqual([['a.jpg 64x48', '16 12 32 24']]);
  });

  it.each([
    ['a key twice', 'names:\n  0: cat\n  0: dog\n', 'line 3: Map keys must be unique'],
    ['no names', 'train: images\n', 'names: expected a list of names'],
    ['one name for two classes', 'names: [cat, dog, cat]\n', 'names (line 1): classes 0 and 2 are both called cat'],
    [
      'an odd kpt_shape',
      'names: [cat]\nkpt_shape: 17\n',
      'kpt_shape (line 2): expected [key points, 2 or 3], found 17',
    ],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}\nnames: *h\n`,
      'aliases: Excessive alias count',
    ],
  ])('data.yaml: %s', async (_, yaml, message) => {
    await draw('images/a.jpg');
    write({ 'data.yaml': yaml, 'labels/a.txt': '0 .5 .5 .5 .5' });
    const text = await messageOf(options(), 'labels');
    expect(text).toContain('DIR/data.yaml: 1 problem');
    expect(text).toContain(message);
  });

  it('Roboflow: train/images, train/labels, data.yaml above', async () => {
    await draw('train/images/a.jpg', 'valid/images/b.jpg');
    write({
      'data.yaml': 'names: [cat]\n',
      'train/labels/a.txt': '0 .5 .5 .5 .5',
      'valid/labels/b.txt': '',
      'README.roboflow.txt': 'hello',
    });
    expect((await converted({ from: 'yolo' })).boxes.map(([name]) => name)).toEqual([
      'train/images/a.jpg 64x48',
      'valid/images/b.jpg 64x48',
    ]);
    expect((await converted({ from: 'yolo' }, 'train/labels')).boxes.map(([name]) => name)).toEqual(['a.jpg 64x48']);
  });
});

describe('odd files', () => {
  it('a foreign json among LabelMe files is passed over, and stops where --strict is said', async () => {
    await draw('a.jpg');
    write({ 'a.json': labelme('a.jpg'), 'annotations.json': '{"images": [], "annotations": [], "categories": []}' });
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes).toHaveLength(1);
    expect(warnings).toEqual(['1 files are of another kind and were passed over (annotations.json)']);
    expect(await messageOf({ from: 'labelme', strict: true })).toContain('annotations.json: files are of another kind');
  });

  it('a label that is a number is text', async () => {
    await draw('a.jpg');
    write({ 'a.json': labelme('a.jpg', [{ ...shape([2, 4], [12, 14]), label: 7 }]) });
    expect((await converted({ from: 'labelme' })).categories).toEqual([{ id: 1, name: '7' }]);
  });

  it('null among the shapes is passed over', async () => {
    await draw('a.jpg');
    write({ 'a.json': labelme('a.jpg', [null, shape([2, 4], [12, 14])]) });
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    expect(warnings).toEqual(['1 shapes are empty and were passed over (a.json shapes[0])']);
  });

  it('no file of the format at all', async () => {
    await draw('a.jpg');
    write({ 'a.json': '{}', 'b.json': '[]' });
    expect(await messageOf({ from: 'labelme' })).toContain('none of the files that end in .json is in this format');
  });

  it('nothing to learn: no box, or none that is of use', async () => {
    await draw('a.jpg');
    write({ 'a.json': labelme('a.jpg', []) });
    expect(await messageOf({ from: 'labelme' })).toContain('annotations: 1 pictures and no box');
    write({ 'a.json': labelme('a.jpg', [shape([0.1, 0.1], [0.5, 0.5])]) });
    expect(await messageOf({ from: 'labelme' })).toContain(
      'all numbers are from 0 to 1: shares of the picture where pixels belong?',
    );
  });

  it('XML in UTF-16, with a DOCTYPE, with entities that would fill memory, damaged', async () => {
    await draw('a.jpg');
    write({ 'a.xml': Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-16"?>${voc('a.jpg')}`, 'utf16le') });
    expect((await converted({ from: 'voc' })).boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    write({ 'a.xml': `<?xml version="1.0"?><!DOCTYPE annotation SYSTEM "voc.dtd">${voc('a.jpg')}` });
    expect((await converted({ from: 'voc' })).boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
    const entities = Array.from({ length: 12 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
    write({ 'a.xml': `<!DOCTYPE annotation [<!ENTITY e0 "ha">${entities}]>${voc('a.jpg').replace('dog', '&e12;')}` });
    const outcome = await converted({ from: 'voc' }).then(
      ({ categories }) => JSON.stringify(categories),
      (error: Error) => error.message,
    );
    expect(outcome.length).toBeLessThan(10_000);
    write({ 'a.xml': '<annotation><object></annotation>' });
    expect(await messageOf({ from: 'voc' })).toContain('a.xml line 1, column');
  });

  it('JSON in UTF-16, cut off; control characters in names', async () => {
    await draw('a.jpg');
    write({ 'a.json': Buffer.from(`\ufeff${labelme('a.jpg')}`, 'utf16le') });
    expect(await messageOf({ from: 'labelme' })).toContain('the file is UTF-16; expected UTF-8');
    write({ 'a.json': labelme('a.jpg').slice(0, -3) });
    expect(await messageOf({ from: 'labelme' })).toContain('a.json line 1');
    write({ 'a.json': labelme('a\u0000\u0007.jpg') });
    expect((await converted({ from: 'labelme' })).boxes).toEqual([['a.jpg 64x48', '2 4 10 10']]);
  });

  it('a picture that cannot be read is passed over; one annotated twice has the boxes of both', async () => {
    await draw('a.jpg');
    write({
      'b.jpg': 'no picture',
      'b.json': labelme('b.jpg'),
      'a.json': labelme('a.jpg'),
      'z.json': labelme('a.jpg', [shape([0, 0], [5, 5])]),
    });
    const { boxes, warnings } = await converted({ from: 'labelme' });
    expect(boxes).toEqual([['a.jpg 64x48', '2 4 10 10', '0 0 5 5']]);
    expect(warnings.join()).toContain('1 pictures cannot be read and were passed over (b.jpg: ');
    expect(warnings.join()).toContain('1 pictures are annotated again');
  });
});
