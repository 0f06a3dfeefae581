/** What the loaders are measured against in tools/bench-data.ts: the same decoder and the same resize in a loop, nothing else. */
import { drawResizedCrop, inceptionCrop } from '../../src/data/augment/randomResizedCrop.js';
import { type DecodeImage, rgbChannels } from '../../src/data/image/image.js';
import { type PillowResizeOptions, pillowResizeInto } from '../../src/data/image/pillowResize.js';
import { recycle } from '../../src/data/image/pixelMemory.js';
import { serveJobs } from '../../src/data/parallel/jobs.js';
import { inputSize, type ResizeRule } from '../../src/geometry/size.js';
import { Random } from '../../src/random.js';

export interface BareSettings {
  /** URL of a module that exports `openDecoder(): DecodeImage`. */
  readonly decoder: string;
  /** Resizes whole pictures by this rule; without it, random crops of them to 224 x 224. */
  readonly rule?: ResizeRule;
}

serveJobs(async ({ decoder, rule }: BareSettings) => {
  const { openDecoder } = (await import(decoder)) as { openDecoder: () => DecodeImage };
  const decode = openDecoder();
  const random = new Random(0);
  const data = new Uint8Array(2 ** 23);
  const resize = (image: Awaited<ReturnType<DecodeImage>>, options: PillowResizeOptions) =>
    pillowResizeInto(image, options, { data, offset: 0, stride: options.width * rgbChannels });
  return async (files: readonly string[]) => {
    for (const file of files) {
      const image = await (rule
        ? decode(file)
        : decode(file, ({ width, height }) => drawResizedCrop(width, height, random, inceptionCrop)));
      if (rule) resize(image, { ...inputSize(image, rule), filter: 'bilinear' });
      else resize(image, { width: 224, height: 224, filter: 'bicubic' });
      recycle(image);
    }
    return files.length;
  };
});
