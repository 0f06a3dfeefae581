import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recogniseForm } from '../../../../src/data/coco/convert/recognise.js';
import { annotationWriters, type SamplePicture, writeFiles } from '../../../support/annotationWriters.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

const pictures: SamplePicture[] = ['a', 'b', 'c'].map((name, i) => ({
  file: `${name}.png`,
  ...{ width: 64, height: 48 },
  objects: [{ label: i === 0 ? 'cat' : 'dog', box: [2, 3, 20 + i, 30] }],
}));
const layout = { images: 'images', labels: 'labels', separator: '/', newline: '\n' } as const;
const coco = { images: [{ id: 1, file_name: 'a.png' }], annotations: [], categories: [{ id: 1, name: 'cat' }] };

const recognised = (files: Readonly<Record<string, string>>, path = '.') => {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  return recogniseForm(join(folder, path)).then((form) => JSON.parse(JSON.stringify(form).replaceAll(folder, 'DATA')));
};

describe('recogniseForm', () => {
  it.each(Object.keys(annotationWriters) as (keyof typeof annotationWriters)[])('a folder of %s', async (form) => {
    const { files } = annotationWriters[form](pictures, layout);
    expect(await recognised(files)).toMatchObject({ form: form.replace(', version 3', '') });
  });

  it.each(['csv', 'via', 'cvat', 'labelstudio'] as const)('the one file of %s', async (form) => {
    const { files, input } = annotationWriters[form](pictures, layout);
    expect(await recognised(files, input)).toMatchObject({ form, input: `DATA/${input}` });
  });

  it('COCO json: one, two in a folder with captions beside them, and one that begins with other keys', async () => {
    const text = JSON.stringify(coco);
    expect(await recognised({ 'a.json': text }, 'a.json')).toEqual({ form: 'coco', files: ['DATA/a.json'] });
    const names = ['instances_train.json', 'instances_val.json', 'captions_train.json'];
    const files = Object.fromEntries(names.map((name) => [`annotations/${name}`, text]));
    const [train, val] = names.map((name) => `DATA/annotations/${name}`);
    expect(await recognised(files)).toEqual({ form: 'coco', files: [train, val] });
    const odd = JSON.stringify({ year: 2020, ...coco });
    expect(await recognised({ 'a.json': odd, 'package.json': '{}' })).toEqual({ form: 'coco', files: ['DATA/a.json'] });
  });

  it("YOLO by its data.yaml, and by labels with names beside the folder's top", async () => {
    const files = { 'set/data.yaml': 'names: [cat]', 'set/train/labels/a.txt': '0 0.5 0.5 0.1 0.1\n' };
    const names = 'DATA/set/data.yaml';
    expect(await recognised(files, 'set/data.yaml')).toEqual({ form: 'yolo', input: 'DATA/set', options: { names } });
    expect(await recognised(files, 'set')).toEqual({ form: 'yolo', input: 'DATA/set', options: { names } });
  });

  it('notes and pictures beside annotations do not count', async () => {
    const { files } = annotationWriters.voc(pictures, layout);
    const others = { 'README.txt': 'Hello', 'settings.json': '{"a": [1]}', 'log.csv': 'time,loss\n1,2\n' };
    expect(await recognised({ ...files, ...others })).toMatchObject({ form: 'voc' });
  });

  it('what is in no known form is told with what is there', async () => {
    await expect(recognised({ 'a.png': '', 'b.docx': 'x' })).rejects.toThrow(
      '2 files (.png, .docx), 1 of them pictures, and no annotations in a known form',
    );
    await expect(recognised({}, 'nowhere')).rejects.toThrow('no such file or folder');
    await expect(recognised({ 'x.json': '{"a": 1}' }, 'x.json')).rejects.toThrow(
      'x.json is in none of the known forms',
    );
  });
});
