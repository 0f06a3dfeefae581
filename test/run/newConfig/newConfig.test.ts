import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import type { DetectionConfig } from '../../../src/config/schema.js';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { splitCoco } from '../../../src/data/coco/split.js';
import { writeCoco } from '../../../src/data/coco/write.js';
import { generateShapes } from '../../../src/data/shapes/generate.js';
import { CheckpointError, UsageError } from '../../../src/errors.js';
import { buildDetector } from '../../../src/models/build.js';
import { initialise } from '../../../src/models/checkpoints/initDetector.js';
import { saveModel } from '../../../src/models/checkpoints/modelFile.js';
import { type NewConfigOptions, newConfig } from '../../../src/run/newConfig/newConfig.js';
import { annotationWriters, writeFiles } from '../../support/annotationWriters.js';
import { writeAuthorsTiny } from '../../support/authorsTiny.js';
import { type OwnForm, writeOwnData } from '../../support/ownDataFolders.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { tinyDetector } from '../../support/tinyModels.js';

const machine = { cores: 2, hasGpu: false };
let annotations: string;
let images: string;

beforeAll(async () => {
  const made = await generateShapes(join(temporaryFolder(), 'shapes'), { train: 20, val: 1, size: 64 });
  ({ annotations, images } = made.splits.train);
});

/** A folder of its own for each data set, the config beside it. */
function place(): { data: string; out: string } {
  const folder = temporaryFolder();
  return { data: join(folder, 'own'), out: join(folder, 'my.yaml') };
}

async function made(options: NewConfigOptions) {
  const result = await newConfig({ machine, ...options });
  return { ...result, config: (await loadConfig(options.out)) as DetectionConfig };
}

const names = ({ annotations }: { annotations: string }) =>
  parseCoco(annotations).images.map(({ file_name }) => file_name!);

describe('newConfig', () => {
  it.each(Object.keys(annotationWriters) as OwnForm[])(
    '%s without val: converted, divided, a config that loads',
    async (form) => {
      const { data, out } = place();
      writeOwnData(form, parseCoco(annotations), images, data, 20);
      const { config, own } = await made({ data, out });
      expect(own).toMatchObject({ form: form.replace(', version 3', ''), valIs: 'made', test: null });
      const { train, val } = config.data;
      const [learnt, measured] = [names(train), names(val!)];
      expect(new Set([...learnt, ...measured]).size).toBe(20);
      expect(measured.length).toBeGreaterThan(1); // 4, and what looks alike
      expect(measured.length).toBeLessThan(9);
      expect([train.annotations, val!.annotations].map((path) => basename(path))).toEqual(['train.json', 'val.json']);
      expect(train.annotations).toContain('my-data');
      for (const { file_name = '' } of parseCoco(val!.annotations).images)
        expect(existsSync(join(val!.images, file_name))).toBe(true);
    },
  );

  it('COCO without val: the pictures are found, the file is left as it is', async () => {
    const { out } = place();
    const before = readFileSync(annotations);
    const { config } = await made({ data: annotations, out });
    expect(config.data.train.images).toBe(images);
    expect(names(config.data.train).length + names(config.data.val!).length).toBe(20);
    expect(readFileSync(annotations)).toEqual(before);
  });

  it('COCO with train, val and test: used where they are, nothing is written but the config', async () => {
    const { data, out } = place();
    const { train, val } = splitCoco(parseCoco(annotations));
    writeFiles(data, { 'pictures/.keep': '' });
    await writeCoco(join(data, 'train.json'), train);
    await writeCoco(join(data, 'val.json'), val);
    await writeCoco(join(data, 'test.json'), val);
    const { config, own } = await made({ data, out, images });
    expect(config.data.train.annotations).toBe(join(data, 'train.json'));
    expect(own).toMatchObject({ valIs: 'given', written: [], test: { annotations: join(data, 'test.json') } });
  });

  it('YOLO in folders train, valid and test: the sides that these say', async () => {
    const { data, out } = place();
    const coco = parseCoco(annotations);
    writeOwnData('yolo', coco, images, join(data, 'flat'), 20);
    const moved: Record<string, Uint8Array | string> = {
      'data.yaml': readFileSync(join(data, 'flat/labels/data.yaml'), 'utf8'),
    };
    for (const [i, { file_name = '' }] of coco.images.entries()) {
      const side = i < 14 ? 'train' : i < 18 ? 'valid' : 'test';
      const stem = basename(file_name, '.jpg');
      moved[`${side}/images/${stem}.jpg`] = readFileSync(join(images, file_name));
      moved[`${side}/labels/${stem}.txt`] = readFileSync(join(data, `flat/labels/${stem}.txt`));
    }
    rmSync(data, { recursive: true });
    writeFiles(data, moved);
    const { config, own } = await made({ data: join(data, 'data.yaml'), out });
    expect(own).toMatchObject({ valIs: 'given' });
    expect([own.train, own.val!, own.test!].map(({ file }) => file.images.length)).toEqual([14, 4, 2]);
    expect(names(config.data.train).every((name) => name.startsWith('train/images/'))).toBe(true);
  });

  it('VOC with ImageSets/Main: the sides that its lists say', async () => {
    const { data, out } = place();
    const coco = parseCoco(annotations);
    writeOwnData('voc', coco, images, data, 20);
    const stems = coco.images.map(({ file_name = '' }) => basename(file_name, '.jpg'));
    writeFiles(data, {
      'ImageSets/Main/train.txt': `${stems.slice(0, 15).join('\n')}\n`,
      'ImageSets/Main/val.txt': `${stems.slice(15).join('\n')}\n`,
    });
    const { own } = await made({ data, out });
    expect([own.train, own.val!].map(({ file }) => file.images.length)).toEqual([15, 5]);
  });

  it('a picture that is not there: training is told to go on without it', async () => {
    const { data, out } = place();
    writeOwnData('yolo', parseCoco(annotations), images, data, 20);
    await made({ data, out });
    rmSync(join(data, names((await loadConfig(out)).data.train as { annotations: string })[0]!));
    const train = join(out, '../my-data/train.json');
    const { config } = await made({ data: train, images: data, out: `${out}2.yaml` });
    expect(config.data).toMatchObject({ missing: 'skip', onBroken: 'skip' });
  });

  it('names with a colon, a hash and a line break stay what they are', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'a: b # c');
    writeOwnData('yolo', parseCoco(annotations), images, data, 20);
    const out = join(folder, "it's my.yaml");
    const { config } = await made({ data, out });
    expect(config.data.train.images).toBe(data);
    const text = readFileSync(out, 'utf8');
    expect(text).toContain(`# Made by "cmtdet new '${data}'": `);
    expect(text).toContain(`#   cmtdet train '${out.replace("'", "'\\''")}'\n`);
  });

  it('val without one of the classes: each class has its own boxes counted, by its id', async () => {
    const { data, out } = place();
    const coco = parseCoco(annotations);
    writeFiles(data, { '.keep': '' });
    await writeCoco(join(data, 'train.json'), coco);
    const without = (id: number) => ({
      ...coco,
      categories: coco.categories.filter((category) => category.id !== id),
      annotations: coco.annotations.filter(({ category_id }) => category_id !== id),
    });
    await writeCoco(join(data, 'val.json'), without(2));
    const { classes } = await made({ data, out, images });
    const boxes = coco.categories.map(
      ({ id }) => coco.annotations.filter(({ category_id }) => category_id === id).length,
    );
    expect(classes.map(({ train }) => train)).toEqual(boxes);
    expect(classes.map(({ val }) => val)).toEqual(boxes.map((count, i) => (i === 1 ? 0 : count)));

    await writeCoco(join(data, 'train.json'), without(2));
    await writeCoco(join(data, 'val.json'), coco);
    const refused = made({ data, out: `${out}2.yaml`, images });
    await expect(refused).rejects.toThrow('square here, nothing in the training set');
  });

  it('refused, with --force too: a config in the place of a file that is read', async () => {
    const { data, out } = place();
    writeOwnData('yolo', parseCoco(annotations), images, data, 20);
    const force = { force: true, machine };
    const names = join(data, 'labels', 'data.yaml');
    const before = readFileSync(names);
    const files = readdirSync(dirname(names)).sort();
    await expect(newConfig({ data: names, out: names, ...force })).rejects.toThrow('is read by this command too');
    await expect(newConfig({ data, out: names, ...force })).rejects.toThrow('is read by this command too');
    expect(readFileSync(names)).toEqual(before);
    expect(readdirSync(dirname(names)).sort()).toEqual(files);
    const own = readFileSync(annotations);
    await expect(newConfig({ data: dirname(annotations), out: annotations, ...force })).rejects.toThrow(UsageError);
    expect(readFileSync(annotations)).toEqual(own);
    writeFileSync(out, 'task: detection');
    await newConfig({ data, out, ...force });
    expect(readFileSync(out, 'utf8')).toContain('# Made by ');
  });

  describe('begun with a checkpoint', () => {
    const file = () => join(temporaryFolder(), 'checkpoint.safetensors');

    it('a detector: its backbone, neck and head, with anchors by the data', async () => {
      const { out } = place();
      const detector = tinyDetector();
      const path = file();
      await saveModel(path, detector.model, detector.description);
      const { config } = await made({ data: annotations, out, initFrom: path });
      const { anchors: own, ...head } = config.model.head as { anchors: object };
      const { anchors: theirs, ...given } = detector.description.model.head as { anchors: object };
      expect({ ...config.model, head }).toEqual({ ...detector.description.model, head: given });
      expect(own).not.toEqual(theirs);
      const network = buildDetector(config.model, 3);
      const lines = initialise(network, ['circle', 'square', 'triangle'], path);
      expect(lines[1]).toMatch(/neck and head from it: (\d+) of \1 parameters/);
    });

    it('a classifier of the CMT authors: its backbone', async () => {
      const { out } = place();
      const path = file().replace('.safetensors', '.pth');
      writeAuthorsTiny(path);
      const { config } = await made({ data: annotations, out, initFrom: path });
      expect(config.model.backbone).toMatchObject({ variant: { dims: [46, 92, 184, 368] }, biasSize: 160 });
      expect(config.model.neck.channels).toBe(64);
      expect(readFileSync(out, 'utf8')).toContain(`#   cmtdet train ${out} --init-from ${path}`);
    });

    it('refused: what is no checkpoint', async () => {
      const { out } = place();
      await expect(made({ data: annotations, out, initFrom: annotations })).rejects.toThrow(CheckpointError);
    });
  });

  it('refused: a config that is there; nothing to learn; two files whose names do not say which is which', async () => {
    const { data, out } = place();
    writeFileSync(out, 'task: detection');
    await expect(newConfig({ data: annotations, out })).rejects.toThrow('is there already: choose another --out');
    const empty = { ...parseCoco(annotations), annotations: [] };
    writeFiles(data, { '.keep': '' });
    await writeCoco(join(data, 'a.json'), empty);
    const other = `${out}.other.yaml`;
    await expect(newConfig({ data, out: other, images })).rejects.toThrow('20 pictures and no box');
    await writeCoco(join(data, 'b.json'), empty);
    await expect(newConfig({ data, out: other, images })).rejects.toThrow(
      'do not say which one is to learn from: a.json, b.json',
    );
    expect(existsSync(other)).toBe(false);
  });
});
