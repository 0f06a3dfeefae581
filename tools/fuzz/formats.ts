/** The readers that are fuzzed, each with a source of damaged files for it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { loadConfig } from '../../src/config/load.js';
import { TarFile } from '../../src/data/classification/tar.js';
import { tarGroups } from '../../src/data/classification/tarIndex.js';
import { type FormatName, formats } from '../../src/data/coco/convert/formats.js';
import { toCoco } from '../../src/data/coco/convert/toCoco.js';
import { cocoHealth } from '../../src/data/coco/health.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { parseResults } from '../../src/data/coco/parseResults.js';
import { imageDecoder } from '../../src/data/image/decode.js';
import { readImageSize } from '../../src/data/image/imageSize.js';
import { CmtdetError } from '../../src/errors.js';
import { readStateDict } from '../../src/formats/stateDict.js';
import { convertCheckpoint } from '../../src/models/checkpoints/convertCheckpoint.js';
import { readDescription, readModel } from '../../src/models/checkpoints/modelFile.js';
import type { Random } from '../../src/random.js';
import { annotationWriters, writePictures } from '../../test/support/annotationWriters.js';
import { tarBytes } from '../../test/support/tarFile.js';
import { Python, pickle, StorageRef, tensor, torchLegacy, zip } from '../../test/support/torchBytes.js';
import { mutateBytes, mutateText } from './mutate.js';

export interface FuzzedFormat {
  /** What the file is called. */
  readonly ending: string;
  /** A whole file, which `read` takes. */
  whole(): Promise<Uint8Array> | Uint8Array;
  /** A damaged file; the same for the same numbers. */
  damaged(random: Random): Promise<Uint8Array> | Uint8Array;
  /** Does all that a command does with such a file. */
  read(path: string): unknown;
}

const utf8 = (text: string) => new TextEncoder().encode(text);
/** A text damaged as text, and sometimes as bytes too. */
const damagedText = (text: string, random: Random) => {
  const mutant = utf8(mutateText(text, random));
  return random.bool(0.2) ? mutateBytes(mutant, random) : mutant;
};

const checkpoint = {
  cmtdet: JSON.stringify({
    format: 2,
    ...{ kind: 'classifier', epoch: 3, step: 9, metrics: { top1: 0.5 } },
    model: {
      backbone: {
        name: 'cmt',
        variant: { dims: [8, 16, 32, 64], stemChannels: 4, depths: [1, 1, 2, 1], ratio: 3.6 },
        biasSize: 64,
      },
    },
    input: { size: 160 },
    classes: ['a', 'b'],
  }),
};
const header = JSON.stringify({
  __metadata__: checkpoint,
  'backbone.stem.weight': { dtype: 'F32', shape: [3, 3, 3, 4], data_offsets: [0, 432] },
  'backbone.stem.bias': { dtype: 'F16', shape: [4], data_offsets: [432, 440] },
  'fc.weight': { dtype: 'I64', shape: [2, 2], data_offsets: [440, 472] },
});

function safetensors(json: Uint8Array): Uint8Array {
  const length = new Uint8Array(new BigUint64Array([BigInt(json.length)]).buffer);
  return Buffer.concat([length, json, new Uint8Array(472)]);
}

function damagedSafetensors(random: Random): Uint8Array {
  const file = safetensors(utf8(random.bool(0.8) ? mutateText(header, random) : header));
  return random.bool(0.3) ? mutateBytes(file, random) : file;
}

const storages = { 0: Float32Array.from({ length: 108 }, (_, i) => i), 1: new Float32Array(8) };
const saved = () =>
  new Map<string, unknown>([
    ['epoch', 3],
    ['model', new Python('collections', 'OrderedDict', [], new Map())],
    [
      'state_dict',
      new Map<string, unknown>([
        ['stem.weight', tensor(new StorageRef('FloatStorage', '0', 108), 0, [4, 3, 3, 3], [27, 9, 3, 1])],
        ['stem.bias', tensor(new StorageRef('FloatStorage', '1', 8), 2, [4], [1])],
      ]),
    ],
  ]);

type Lies = Partial<Parameters<typeof zip>[0][number]>;

function pth(content: Uint8Array, lies: () => Lies): Uint8Array {
  const entries = { 'data.pkl': content, byteorder: utf8('little'), 'data/0': storages[0], 'data/1': storages[1] };
  return zip(
    Object.entries(entries).map(([name, { buffer, byteOffset, byteLength }]) => ({
      ...{ name: `archive/${name}`, bytes: new Uint8Array(buffer, byteOffset, byteLength) },
      ...lies(),
    })),
  );
}

function damagedPth(random: Random): Uint8Array {
  const content = pickle(saved());
  const lies = (): Lies => ({
    ...(random.bool(0.1) ? { claimedLength: random.uint32() } : {}),
    ...(random.bool(0.1) ? { claimedOffset: random.uint32() } : {}),
    ...(random.bool(0.1) ? { method: random.int(14) } : {}),
  });
  const file = pth(random.bool(0.7) ? mutateBytes(content, random) : content, random.bool(0.3) ? lies : () => ({}));
  return random.bool(0.3) ? mutateBytes(file, random) : file;
}

const coco = JSON.stringify({
  info: { year: 2017 },
  images: [1, 2, 3].map((id) => ({ id, file_name: `${id}.jpg`, width: 64, height: 48 })),
  annotations: [1, 2, 3, 4].map((id) => ({
    ...{ id, image_id: 1 + (id % 3), category_id: 1 + (id % 2), bbox: [id, 2.5, 10, 12], area: 120, iscrowd: 0 },
    segmentation: [[1, 2, 3, 4, 5, 6]],
  })),
  categories: [1, 2].map((id) => ({ id, name: `class ${id}`, supercategory: 'x' })),
});
const results = JSON.stringify(
  [1, 2, 3].map((id) => ({ image_id: id, category_id: 1, bbox: [1, 2, 3, 4], score: id / 4 })),
);

const readCoco = (path: string) => cocoHealth(parseCoco(path, { onBad: 'skip' }));
/** Runs what may refuse the file by itself, without ending the others. */
async function orRefused(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof CmtdetError)) throw error;
  }
}

async function readModelFile(path: string): Promise<void> {
  await orRefused(() => readDescription(path));
  await readWeights(path);
  readModel(path);
}

async function readWeights(path: string): Promise<void> {
  const weights = readStateDict(path);
  await orRefused(() => convertCheckpoint(path, weights));
}

const layout = { images: '', labels: '', separator: '/', newline: '\n' } as const;
const pictures = [1, 2].map((n) => ({
  ...{ file: `${n}.png`, width: 64, height: 48 },
  objects: [
    { label: 'cell', box: [1, 2, 10, 12] as const },
    { label: 'a-b', box: [5, 5, 60, 40] as const },
  ],
}));

async function addPictures(folder: string): Promise<void> {
  const [first] = pictures;
  if (!existsSync(join(folder, first!.file))) await writePictures(folder, pictures, '');
}

/** A format of `data convert`, with one annotation file. */
function annotations(name: FormatName, main: (file: string) => boolean): FuzzedFormat {
  const { files } = annotationWriters[name](pictures, layout);
  const [file, text] = Object.entries(files).find(([path]) => main(path))!;
  const ending = file.slice(file.lastIndexOf('.'));
  const names = join(import.meta.dirname, 'names.txt');
  return {
    ending,
    whole: () => utf8(text),
    damaged: (random) => damagedText(text, random),
    read: async (path) => {
      await addPictures(dirname(path));
      await toCoco(path, formats[name].open(path, name === 'yolo' ? { names } : {}));
    },
  };
}

const config = (name: string) => readFileSync(new URL(`../../configs/${name}.yaml`, import.meta.url), 'utf8');

async function tar(): Promise<Buffer> {
  const inner = await tarBytes({ 'a.jpg': new Uint8Array(700), 'b.jpg': new Uint8Array(20) });
  const longName = `${'d/'.repeat(90)}c.jpg`;
  return tarBytes({ 'n01/a.jpg': new Uint8Array(600), 'n02.tar': inner, [longName]: utf8('x') });
}

async function damagedTar(random: Random): Promise<Uint8Array> {
  const mutant = Buffer.from(mutateBytes(await tar(), random));
  if (random.bool(0.7))
    for (let at = 0; at + 512 <= mutant.length; at += 512) mendCheckSum(mutant.subarray(at, at + 512));
  return mutant;
}

/** So that the damage is read, and not the sum. */
function mendCheckSum(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.fill(32, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

async function readTar(path: string): Promise<void> {
  await tarGroups(path);
  const file = new TarFile(path);
  try {
    for await (const _ of file.members());
  } finally {
    await file.close();
  }
}

const decode = imageDecoder();
let native: typeof decode | undefined;
/** Both decoders, and the header alone. */
async function readPicture(path: string): Promise<void> {
  native ??= (await import('../../src/tensorflow/jpegDecoder.js')).openDecoder();
  for (const read of [readImageSize, native]) await orRefused(() => read(path));
  await decode(path);
}

const noise = sharp({
  create: { width: 40, height: 30, channels: 3, background: '#777', noise: { type: 'gaussian', mean: 99, sigma: 30 } },
});

function picture(ending: 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff'): FuzzedFormat {
  let sample: Promise<Buffer> | undefined;
  const bytes = () => {
    sample ??= noise.clone().withMetadata({ orientation: 6 }).toFormat(ending).toBuffer();
    return sample;
  };
  return {
    ending: `.${ending}`,
    whole: bytes,
    damaged: async (random) => mutateBytes(await bytes(), random),
    read: readPicture,
  };
}

const byPillow: Record<string, { file: string }> = JSON.parse(
  readFileSync(new URL('../../test/data/image/plain/pillow.json', import.meta.url), 'utf8'),
);

function plainPicture(ending: string, name: string): FuzzedFormat {
  const whole = () => Buffer.from(byPillow[name]!.file, 'base64');
  return { ending, whole, damaged: (random) => mutateBytes(whole(), random), read: readPicture };
}

const text = (ending: string, content: string, read: (path: string) => unknown): FuzzedFormat => ({
  ending,
  whole: () => utf8(content),
  damaged: (random) => damagedText(content, random),
  read,
});

export const fuzzedFormats: Readonly<Record<string, FuzzedFormat>> = {
  safetensors: {
    ending: '.safetensors',
    whole: () => safetensors(utf8(header)),
    damaged: damagedSafetensors,
    read: readModelFile,
  },
  pth: { ending: '.pth', whole: () => pth(pickle(saved()), () => ({})), damaged: damagedPth, read: readWeights },
  pthLegacy: {
    ending: '.pth',
    whole: () => torchLegacy(saved(), storages),
    damaged: (random) => mutateBytes(torchLegacy(saved(), storages), random),
    read: readWeights,
  },
  coco: text('.json', coco, readCoco),
  results: text('.json', results, parseResults),
  config: text('.yaml', config('smoke'), loadConfig),
  detectionConfig: text('.yaml', config('retinanet_cmt_s_coco_1x'), loadConfig),
  pretrainConfig: text('.yaml', config('pretrain_cmt_s_imagenet'), loadConfig),
  voc: annotations('voc', (file) => file.endsWith('1.xml')),
  cvat: annotations('cvat', () => true),
  labelme: annotations('labelme', () => true),
  via: annotations('via', () => true),
  labelstudio: annotations('labelstudio', () => true),
  csv: annotations('csv', () => true),
  yolo: annotations('yolo', (file) => file.endsWith('1.txt')),
  tar: { ending: '.tar', whole: tar, damaged: damagedTar, read: readTar },
  jpeg: picture('jpeg'),
  png: picture('png'),
  webp: picture('webp'),
  gif: picture('gif'),
  tiff: picture('tiff'),
  bmp: plainPicture('.bmp', 'BMP, 24 bits'),
  bmpPalette: plainPicture('.bmp', 'BMP, palette'),
  ppm: plainPicture('.ppm', 'PPM'),
  pbm: plainPicture('.pbm', 'PBM'),
  qoi: plainPicture('.qoi', 'QOI, smooth'),
};
