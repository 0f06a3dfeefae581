/** A detector as a folder for browsers: page, module, network, and what runs it. */
import { copyFile, cp, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExportError } from '../../errors.js';
import { makeFolder } from '../../formats/makeFolder.js';
import { writeWhole } from '../../formats/writeWhole.js';
import { Classifier } from '../../models/classifier.js';
import type { Detector } from '../../models/detector.js';
import { FcosHead } from '../../models/heads/fcos.js';
import { RetinanetHead } from '../../models/heads/retinanet.js';
import type { WebHead, WebModel } from '../../web/model.js';
import { exportOnnx } from '../onnx/exportOnnx.js';

export interface WebOptions {
  /** Version of cmtdet. */
  readonly version: string;
  /** Keeps weights as float16, for half the download. @default false */
  readonly float16?: boolean;
  /** What `npm run build` made of `src/web`. @default `dist/web` of this package */
  readonly page?: string;
}

/** Of onnxruntime-web: with WebGPU, and for browsers that have none. */
const runtimeFiles = [
  'ort.webgpu.bundle.min.mjs',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
  'ort.wasm.bundle.min.mjs',
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
];

const builtPage = fileURLToPath(new URL('../../../dist/web', import.meta.url));

/**
 * Writes a folder that works from any static server: `index.html`, the module `detector.js` with its types, the network
 * `model.onnx`, what is to be known of it in `model.json`, and onnxruntime-web.
 *
 * @returns the files of the network; the others are the same for all detectors
 * @throws ExportError when the model is no detector, or a part is not installed
 */
export async function exportWeb(model: Classifier | Detector, folder: string, options: WebOptions): Promise<string[]> {
  const { version, float16 = false, page = builtPage } = options;
  if (model instanceof Classifier) throw new ExportError('expected a detector for the page, found a classifier');
  const runtime = runtimeFolder();
  if (!(await stat(join(page, 'index.html')).catch(() => undefined)))
    throw new ExportError(`${page} is not there: "npm run build" makes it`);
  makeFolder(join(folder, 'onnxruntime'));
  await cp(page, folder, { recursive: true });
  for (const file of runtimeFiles) await copyFile(join(runtime, file), join(folder, 'onnxruntime', file));
  const files = [join(folder, 'model.onnx'), join(folder, 'model.json')];
  await exportOnnx(model, files[0]!, { version, float16 });
  await writeWhole(files[1]!, `${JSON.stringify(describeForPage(model, version), null, 2)}\n`);
  return files;
}

/** Where onnxruntime-web keeps its files. @throws ExportError when it is not installed */
function runtimeFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  } catch {
    throw new ExportError('onnxruntime-web is not installed, which the page needs: npm install onnxruntime-web');
  }
}

function describeForPage({ model, description, categories }: Detector, version: string): WebModel {
  const { input, inference } = description;
  return {
    version,
    categories: [...categories],
    input,
    inference,
    head: headOf(model.head),
    strides: model.neck.strides,
  };
}

function headOf(head: Detector['model']['head']): WebHead {
  if (head instanceof RetinanetHead) return { kind: 'retinanet', anchors: head.options.anchors };
  if (head instanceof FcosHead) return { kind: 'fcos' };
  throw new ExportError(`${head.constructor.name}: the page does not know how to decode the boxes of this head`);
}
