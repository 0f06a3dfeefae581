/** TensorFlow's JPEG decoder, which reads plain JPEGs four times as fast as sharp (docs/decisions/0008-two-decoders.md). */
import { type DecodePlainJpeg, imageDecoder } from '../data/image/decode.js';
import { type ColourProfiles, cutOut, type DecodeImage, type PixelRect, rgbChannels } from '../data/image/image.js';
import { pixelMemory } from '../data/image/pixelMemory.js';
import { workerModule } from '../data/parallel/workerPool.js';
import { copyMemory, type Pointer, tensorflow, withStatus } from './api.js';
import { attributeTypes } from './attributes.js';
import { encodeCallerThreadConfig } from './config.js';
import { Graph } from './graph.js';
import { stringsToNative, toNative } from './hostTensor.js';

/** What loaders are given as `decoder`: this module, for their worker threads. */
export const decoderModule: URL = workerModule(import.meta.url, './jpegDecoder');

let plain: DecodePlainJpeg | undefined;
const opened: Partial<Record<ColourProfiles, DecodeImage>> = {};

/**
 * The decoder of this thread: every format, plain JPEGs by TensorFlow. Each thread loads the library again, which gives the same
 * one, and has a session of its own.
 *
 * @param colourProfiles what profiles in files do
 * @throws EngineError when TensorFlow is not installed
 */
export function openDecoder(colourProfiles: ColourProfiles = 'apply'): DecodeImage {
  plain ??= openJpegDecoder();
  opened[colourProfiles] ??= imageDecoder(colourProfiles, plain);
  return opened[colourProfiles];
}

/** A decoder with its own small session, which lives as long as the process. It works in the calling thread. */
export function openJpegDecoder(): DecodePlainJpeg {
  const tf = tensorflow();
  const graph = new Graph();
  const file = graph.placeholder('string', []);
  const window = graph.placeholder('int32', [4]); // top, left, height, width
  const attributes = [
    { name: 'channels', type: attributeTypes.int, value: rgbChannels },
    // The exact inverse cosine transform, as Pillow and libvips: the same pixels to the last bit, and on AVX2 no slower.
    { name: 'dct_method', type: attributeTypes.string, value: 'INTEGER_ACCURATE' },
  ];
  const whole = { oper: graph.operation('DecodeJpeg', [file], attributes), index: 0 };
  const part = { oper: graph.operation('DecodeAndCropJpeg', [file, window], attributes), index: 0 };
  const session = openSession(graph);
  const fetched = new BigUint64Array(1);
  return (bytes, header, rect) => {
    const input = stringsToNative([bytes], []);
    const decoded = rect
      ? widened(rect, header.width)
      : { left: 0, top: 0, width: header.width, height: header.height };
    const [feeds, values] = rect
      ? [
          [file, window],
          [input, toNative({ data: windowOf(decoded), shape: [4] })],
        ]
      : [[file], [input]];
    try {
      withStatus('JPEG', (status) => {
        const fetches = [rect ? part : whole];
        tf.TF_SessionRun(session, 0n, feeds, values, feeds.length, fetches, fetched, 1, [], 0, 0n, status);
      });
    } finally {
      tf.TF_StringDealloc(tf.TF_TensorData(input));
      for (const value of values) tf.TF_DeleteTensor(value);
    }
    const picture = fetched[0]!;
    try {
      const { width, height } = decoded;
      const data = pixelMemory(width * height * rgbChannels);
      copyMemory(data, tf.TF_TensorData(picture), data.length);
      return cutOut({ data, width, height }, placeIn(decoded, rect ?? decoded));
    } finally {
      tf.TF_DeleteTensor(picture);
    }
  };
}

/** Columns beside a part whose colours reach into it: halved chroma is smoothed across columns, but not past what is decoded. */
const chromaReach = 2;
/** Columns of a decoding unit, with halved chroma: TensorFlow copies every row once more when a part begins within one. */
const unitWidth = 16;

function widened({ left, top, width, height }: PixelRect, pictureWidth: number): PixelRect {
  const reached = Math.max(0, left - chromaReach);
  const from = reached - (reached % unitWidth);
  return { left: from, top, width: Math.min(pictureWidth, left + width + chromaReach) - from, height };
}

/** A rectangle as seen from the corner of one that holds it. */
const placeIn = (outer: PixelRect, { left, top, width, height }: PixelRect): PixelRect => ({
  left: left - outer.left,
  top: top - outer.top,
  width,
  height,
});

const windowOf = ({ top, left, height, width }: PixelRect) => Int32Array.of(top, left, height, width);

function openSession(graph: Graph): Pointer {
  const tf = tensorflow();
  const options = tf.TF_NewSessionOptions();
  try {
    const config = encodeCallerThreadConfig();
    withStatus('session options', (status) => tf.TF_SetConfig(options, config, config.length, status));
    return withStatus('session', (status) => tf.TF_NewSession(graph.pointer, options, status));
  } finally {
    tf.TF_DeleteSessionOptions(options);
  }
}
