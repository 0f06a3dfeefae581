/** `train DATA`: the config that is made first. */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runTrain } from '../../src/cli/train.js';
import { loadConfig } from '../../src/config/load.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { generateShapes, type ShapesFiles } from '../../src/data/shapes/generate.js';
import { ConfigError } from '../../src/errors.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { writeOwnData } from '../support/ownDataFolders.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

const home = process.cwd();
let shapes: ShapesFiles['splits']['train'];

beforeAll(async () => {
  shapes = (await generateShapes(join(temporaryFolder(), 'shapes'), { train: 20, val: 1, size: 64 })).splits.train;
});
beforeEach(() => process.chdir(temporaryFolder()));
afterAll(() => process.chdir(home));

/** Ends after the config was made: no config has such a number of epochs. */
const makeConfig = (data: string) =>
  expect(outputOf(() => runTrain(data, { set: ['train.epochs=ten'] }))).rejects.toThrow(ConfigError);

describe('train DATA', () => {
  it('--init-from: the network of the checkpoint, which then finds its place', async () => {
    const detector = tinyDetector();
    await saveModel('start.safetensors', detector.model, detector.description);
    mkdirSync('photos');
    cpSync(shapes.images, 'photos/pictures', { recursive: true });
    cpSync(shapes.annotations, 'photos/boxes.json');
    const set = ['train.maxSteps=1', 'train.report=false', 'engine.fuse=none', 'data.workers=0'];
    const options = { initFrom: 'start.safetensors', run: 'run', json: true, set };
    const printed = await outputOf(() => runTrain('photos', options));
    expect(JSON.parse(printed)).toMatchObject({ run: 'run' });
    const { model } = await loadConfig('photos.yaml');
    expect(model.backbone).toEqual(detector.description.model.backbone);
  }, 240_000);

  it('YOLO: its own file is not taken for the config, nor written over; the second time the config is there', async () => {
    writeOwnData('yolo', parseCoco(shapes.annotations), shapes.images, '.', 20);
    cpSync('labels/data.yaml', 'coco.yaml');
    cpSync('labels/data.yaml', 'data.yaml');
    const before = readFileSync('coco.yaml');
    for (const _ of [1, 2]) await makeConfig('coco.yaml');
    expect(readFileSync('coco.yaml')).toEqual(before);
    expect(readFileSync('coco-detector.yaml', 'utf8')).toContain('# Made by "cmtdet new coco.yaml"');
    await makeConfig('labels');
    expect(existsSync('labels.yaml')).toBe(true);
    await makeConfig('data.yaml');
    expect(existsSync('detector.yaml')).toBe(true);
    expect(readFileSync('data.yaml')).toEqual(before);
  });
});
