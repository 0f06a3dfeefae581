import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { runDataPreview } from '../../src/cli/dataPreview.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { normalisePixels, toPixels } from '../../src/models/preprocess.js';
import { Program } from '../../src/tensorflow/program.js';
import { plainImage, savePicture } from '../support/pictureFolder.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

interface Sheet {
  readonly sheet: string;
  readonly pictures: readonly {
    readonly file: string;
    readonly width: number;
    readonly height: number;
    readonly boxes: readonly {
      readonly label: string;
      readonly box: [number, number, number, number];
      readonly anchors: number;
    }[];
    readonly targets: readonly { readonly name: string; readonly weight: number }[];
  }[];
}

async function previewOf(config: string, out: string, set: readonly string[], batches = 2): Promise<Sheet[]> {
  return JSON.parse(await outputOf(() => runDataPreview(config, { out, batches, epoch: 1, set, json: true })));
}

it('toPixels undoes normalisePixels, for each of the 256 values of each channel', async () => {
  const data = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const program = new Program({ fuse: false });
  const normalise = program.compile(({ x }: { x: tf.Tensor }) => ({ y: normalisePixels(x as tf.Tensor4D) }));
  const { y } = await normalise({ x: { data, shape: [1, 16, 16, 3] } });
  expect([...toPixels(y.data as Float32Array)]).toEqual([...data]);
  expect([...toPixels(Float32Array.of(-99, 0, 99))]).toEqual([0, 116, 255]);
  await program.dispose();
});

describe('data preview, a detector', () => {
  let set: string[];
  beforeAll(async () => {
    const { splits } = await generateShapes(join(folder, 'shapes'), { train: 6, val: 1 });
    const { annotations, images } = splits.train;
    set = [`data.train={ annotations: ${annotations}, images: ${images}, limit: null }`, 'train.batchSize=4'];
  });

  it('a sheet for each batch, and the boxes of its pictures in pixels of the input', async () => {
    const sheets = await previewOf('configs/smoke.yaml', join(folder, 'plain'), set);
    expect(sheets.map(({ pictures }) => pictures.length).toSorted()).toEqual([2, 4]); // what fills a batch is not shown
    for (const { sheet, pictures } of sheets) {
      const { width, height } = await sharp(sheet).metadata();
      expect([width > 600, height > 600]).toEqual([true, true]);
      for (const { boxes, width, height } of pictures) {
        expect(boxes.length).toBeGreaterThan(0);
        for (const { box } of boxes) {
          expect(Math.min(...box)).toBeGreaterThanOrEqual(0);
          expect(box[2]).toBeLessThanOrEqual(width);
          expect(box[3]).toBeLessThanOrEqual(height);
        }
      }
    }
  });

  it('how many anchors learn a box: each one at least, fewer where anchors are too small', async () => {
    const counts = async (out: string, baseScale: number) => {
      const sheets = await previewOf('configs/smoke.yaml', join(folder, out), [
        ...set,
        `model.head.anchors.baseScale=${baseScale}`,
      ]);
      return sheets.flatMap(({ pictures }) => pictures.flatMap(({ boxes }) => boxes.map(({ anchors }) => anchors)));
    };
    const [fitting, tooSmall] = [await counts('fitting', 4), await counts('small', 1)];
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
    expect(Math.min(...fitting)).toBeGreaterThan(0);
    expect(sum(fitting)).toBeGreaterThan(2 * fitting.length);
    expect(sum(tooSmall)).toBeLessThan(sum(fitting));
  });

  it('a mosaic has the boxes of four pictures', async () => {
    const count = async (out: string, mosaic: number) => {
      const [{ pictures }] = (await previewOf(
        'configs/smoke.yaml',
        join(folder, out),
        [...set, `data.mosaic=${mosaic}`],
        1,
      )) as [Sheet];
      return pictures.reduce((sum, { boxes }) => sum + boxes.length, 0);
    };
    expect(await count('mosaic', 1)).toBeGreaterThan(await count('single', 0));
  });
});

describe('data preview, a classifier', () => {
  const red = [200, 30, 30] as const;
  const blue = [30, 30, 200] as const;
  const root = join(folder, 'classes');
  const base = [
    `data.train=${root}`,
    'data.val=null',
    'data.size=32',
    'data.randAugment=null',
    'data.colorJitter=0',
    'data.erasing.probability=0',
    'data.repeatedAugmentation=1',
    'data.smoothing=0.1',
    'train.batchSize=4',
  ];
  beforeAll(async () => {
    for (const [name, colour] of [
      ['blue', blue],
      ['red', red],
    ] as const) {
      mkdirSync(join(root, name), { recursive: true });
      for (let i = 0; i < 2; i++) await savePicture(join(root, name, `${i}.png`), plainImage(40, 40, colour));
    }
  });

  /** Colour in the middle of each picture of a sheet of one row and a half: three pictures, then one. */
  async function coloursOf(sheet: string): Promise<number[][]> {
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    const cell = info.width / 3;
    const row = (info.height - 8) / 2;
    return [0, 1, 2, 3].map((i) => {
      const x = Math.round(cell * ((i % 3) + 0.5));
      const y = Math.round(8 + row * (Math.floor(i / 3) + 0.4));
      return [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    });
  }

  it('the label with what smoothing leaves it, and the picture as it is', async () => {
    const [{ sheet, pictures }] = (await previewOf(
      'configs/signdigits_cmt_ti.yaml',
      join(folder, 'one'),
      [...base, 'data.mixProbability=0'],
      1,
    )) as [Sheet];
    const colours = await coloursOf(sheet);
    for (const [i, { file, targets }] of pictures.entries()) {
      const name = file.slice(0, file.indexOf('/'));
      expect(targets).toEqual([{ name, weight: expect.closeTo(0.95, 6) }]);
      for (const [c, value] of (name === 'red' ? red : blue).entries())
        expect(Math.abs(colours[i]![c]! - value)).toBeLessThanOrEqual(3); // JPEG
    }
  });

  it('mixup: colours are mixed as the targets say', async () => {
    const mixed = ['data.mixProbability=1', 'data.mixup=1', 'data.cutmix=0'];
    const sheets = await previewOf(
      'configs/signdigits_cmt_ti.yaml',
      join(folder, 'mixed'),
      [...base, ...mixed, 'train.seed=1'],
      1,
    );
    const [{ sheet, pictures }] = sheets as [Sheet];
    const colours = await coloursOf(sheet);
    expect(pictures.some(({ targets }) => targets.length === 2)).toBe(true);
    for (const [i, { targets }] of pictures.entries()) {
      const weight = (name: string) => (targets.find((target) => target.name === name)?.weight ?? 0.05) - 0.05;
      const share = weight('red') / (weight('red') + weight('blue'));
      for (const c of [0, 1, 2])
        expect(Math.abs(colours[i]![c]! - (share * red[c]! + (1 - share) * blue[c]!))).toBeLessThanOrEqual(4);
    }
  });
});
