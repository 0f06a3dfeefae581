import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { ImageError } from '../../src/errors.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import type { Detector } from '../../src/models/detector.js';
import { pictureInputs } from '../../src/run/pictureInputs.js';
import { type Prediction, predict } from '../../src/run/predict.js';
import { videoFrames } from '../../src/run/videoFrames.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const checkpoint = at('tiny.safetensors');
let detector: Detector;

beforeAll(async () => {
  detector = tinyDetector();
  await saveModel(checkpoint, detector.model, detector.description);
  mkdirSync(at('in'));
  for (const [name, background] of [
    ['a.png', 'tomato'],
    ['a.jpg', 'navy'],
    ['b "1", x.png', 'olive'],
  ] as const)
    await sharp({ create: { width: 150, height: 100, channels: 3, background } }).toFile(at(`in/${name}`));
  writeFileSync(at('in/broken.jpg'), 'no picture');
});
afterAll(() => detector.dispose());

test('a pattern is filled in, pictures and videos alone; one that fits nothing is told', async () => {
  writeFileSync(at('in/notes.txt'), '');
  expect(await pictureInputs([at('in/a*')])).toEqual([at('in/a.jpg'), at('in/a.png')]);
  await expect(pictureInputs([at('in/*.bmp')])).rejects.toThrow('no file has a name like this');
});

describe('all forms, of three pictures and a broken one', () => {
  let predictions: readonly Prediction[];
  const out = at('out');

  beforeAll(async () => {
    const forms = ['json', 'coco', 'csv', 'yolo', 'labelme'] as const;
    const found = await predict({ checkpoint, inputs: [at('in')], out, forms, draw: false, score: 0.1 });
    predictions = found.pictures;
    expect(found.skipped.map(({ file }) => file)).toEqual([at('in/broken.jpg')]);
    expect(found.seconds.network).toBeGreaterThan(0);
  });

  test('what was found is what `detect` finds, in the order of the inputs', async () => {
    expect(predictions.map(({ file }) => file)).toEqual(
      ['a.jpg', 'a.png', 'b "1", x.png'].map((name) => at(`in/${name}`)),
    );
    for (const { file, detections } of predictions)
      expect(detections).toEqual(await detector.detect(file, { scoreThreshold: 0.1 }));
    expect(predictions[0]!.detections.length).toBeGreaterThan(5);
  });

  test('json: what is returned', () => {
    expect(JSON.parse(readFileSync(join(out, 'detections.json'), 'utf8'))).toEqual(predictions);
  });

  test('coco: a data set that is read without a repair, with a score at each annotation', () => {
    const coco = parseCoco(join(out, 'coco.json'));
    expect(coco.repairs).toEqual([]);
    expect(coco.annotations).toHaveLength(predictions.flatMap(({ detections }) => detections).length);
    const raw = JSON.parse(readFileSync(join(out, 'coco.json'), 'utf8'));
    expect(raw.annotations[0].score).toBe(predictions[0]!.detections[0]!.score);
  });

  test('csv: a row a detection, names quoted where they must be', () => {
    const lines = readFileSync(join(out, 'detections.csv'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(1 + predictions.flatMap(({ detections }) => detections).length);
    expect(lines.at(-1)).toContain(`"${at('in/b ""1"", x.png')}",,150,100,`);
  });

  test('yolo: centre and size as shares of the picture; two pictures of one name stay apart', () => {
    expect(readdirSync(join(out, 'labels')).sort()).toEqual(['a.png.txt', 'a.txt', 'b "1", x.txt', 'classes.txt']);
    const [first] = readFileSync(join(out, 'labels', 'a.txt'), 'utf8').split('\n');
    const { box } = predictions[0]!.detections[0]!;
    const [, cx, , width] = first!.split(' ').map(Number);
    expect(cx).toBeCloseTo((box[0] + box[2]) / 300, 5);
    expect(width).toBeCloseTo((box[2] - box[0]) / 150, 5);
  });

  test('labelme: rectangles, and the way to the picture', () => {
    const { shapes, imagePath } = JSON.parse(readFileSync(join(out, 'labelme', 'a.json'), 'utf8'));
    expect(imagePath).toBe('../../in/a.jpg');
    expect(shapes[0]).toMatchObject({ shape_type: 'rectangle', label: predictions[0]!.detections[0]!.label });
  });
});

test('stopped after the first picture: files are whole and hold it', async () => {
  const controller = new AbortController();
  const observer = { onProgress: () => controller.abort() };
  const options = {
    checkpoint,
    inputs: [at('in/a.jpg'), at('in/a.png')],
    out: at('stopped'),
    forms: ['json', 'coco'] as const,
  };
  const { pictures } = await predict({ ...options, signal: controller.signal, observer });
  expect(pictures).toHaveLength(1);
  expect(JSON.parse(readFileSync(at('stopped/detections.json'), 'utf8'))).toEqual(pictures);
  expect(parseCoco(at('stopped/coco.json')).images).toHaveLength(1);
});

describe('detectEach', () => {
  async function* names() {
    yield at('in/a.jpg');
    yield at('in/broken.jpg');
    yield at('in/a.png');
  }

  test('an async source, in order; a broken picture ends it, or is told and passed over', async () => {
    const found: unknown[] = [];
    const loop = async () => {
      for await (const { input, detections } of detector.detectEach(names())) found.push([input, detections]);
    };
    await expect(loop()).rejects.toThrow(ImageError);
    expect(found).toEqual([[at('in/a.jpg'), await detector.detect(at('in/a.jpg'))]]);
    const broken: string[] = [];
    const rest: string[] = [];
    for await (const { input } of detector.detectEach(names(), { onBroken: ({ file }) => broken.push(file) }))
      rest.push(input);
    expect([rest, broken]).toEqual([[at('in/a.jpg'), at('in/a.png')], [at('in/broken.jpg')]]);
  });

  test('with tiles: what a tile finds is in pixels of the picture, and there is more of it', async () => {
    const whole = await detector.detect(at('in/a.jpg'), { scoreThreshold: 0.1 });
    const tiled = await detector.detect(at('in/a.jpg'), { scoreThreshold: 0.1, tiles: { side: 64 } });
    expect(tiled.length).toBeGreaterThan(whole.length);
    expect(Math.max(...tiled.map(({ box }) => box[2]))).toBeGreaterThan(100);
    expect(Math.max(...tiled.map(({ box }) => box[2]))).toBeLessThanOrEqual(150);
  });
});

describe('videos', () => {
  const ffmpeg = process.env.CMTDET_FFMPEG ?? 'ffmpeg';
  const hasFfmpeg = (() => {
    try {
      execFileSync(ffmpeg, ['-version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  test('without ffmpeg, a sentence says what to install', async () => {
    const before = process.env.CMTDET_FFMPEG;
    process.env.CMTDET_FFMPEG = at('nowhere');
    try {
      await expect(videoFrames(at('film.mp4')).next()).rejects.toThrow('needs ffmpeg, and that is not installed');
    } finally {
      if (before === undefined) delete process.env.CMTDET_FFMPEG;
      else process.env.CMTDET_FFMPEG = before;
    }
  });

  test.skipIf(!hasFfmpeg)('frames in their order; no film is an error with what ffmpeg says', async () => {
    const colours = 'color=red:s=64x48:r=5:d=1[a];color=blue:s=64x48:r=5:d=1[b];[a][b]concat';
    execFileSync(ffmpeg, ['-v', 'error', '-filter_complex', colours, at('film.mkv')]);
    const reds: number[] = [];
    for await (const { data, width, height } of videoFrames(at('film.mkv'))) {
      expect([width, height, data.length]).toEqual([64, 48, 64 * 48 * 3]);
      reds.push(data[0]!);
    }
    expect(reds).toHaveLength(10);
    expect(reds[0]).toBeGreaterThan(200);
    expect(reds[9]).toBeLessThan(60);
    await expect(videoFrames(at('in/broken.jpg')).next()).rejects.toThrow(ImageError);
  });
});
