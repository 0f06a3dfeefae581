import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exportOnnx, type OnnxOptions } from '../../../src/export/onnx/exportOnnx.js';
import { OnnxGraph } from '../../../src/export/onnx/onnxGraph.js';
import { OnnxRuntime } from '../../../src/export/onnx/runtime.js';
import { modelProto } from '../../../src/export/onnx/schema.js';
import { verify } from '../../../src/export/verify.js';
import type { Classifier } from '../../../src/models/classifier.js';
import type { Detector } from '../../../src/models/detector.js';
import { leftOver } from '../../support/leftOver.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { flattenedCmt, tinyClassifier, tinyDetector } from '../../support/tinyModels.js';

const folder = temporaryFolder();
const version = '1.2.3';

/** Waves of three lengths: no two places look alike. */
function picture(width: number, height: number) {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return 128 + 70 * Math.sin(x / (5 + c)) * Math.cos(y / 7) + 50 * Math.sin((x * y) / 90);
  });
  return { data, width, height };
}

/** Writes, checks, and gives the largest difference of each output. */
async function differences(model: Detector | Classifier, name: string, options: Partial<OnnxOptions>) {
  const path = join(folder, `${name}.onnx`);
  const files = await exportOnnx(model, path, { version, ...options });
  const runtime = (await OnnxRuntime.open(path, 1))!;
  const { size, batch = 2, pixels = 'uint8' } = options;
  const found = await verify(model, runtime, [picture(200, 120), picture(90, 130)], { size, batch, pixels });
  await runtime.dispose();
  return { found, files };
}

function read(name: string) {
  const message = modelProto.decode(readFileSync(join(folder, `${name}.onnx`)));
  return modelProto.toObject(message, { longs: Number }) as {
    opsetImport: { domain?: string; version: number }[];
    graph: {
      node: { opType: string }[];
      input: { name: string; type: { tensorType: { shape: { dim: object[] } } } }[];
    };
    metadataProps: { key: string; value: string }[];
  };
}

test.each([
  [
    'the smaller of two that hold it, though it is the later one; none for a high picture',
    [
      [128, 160],
      [96, 160],
    ],
  ],
  ['none for a wide and a high picture', [[32, 32]]],
] as const)('a detector with shapes: pictures are padded inside as cmtdet pads them, %s', async (_, shapes) => {
  const detector = tinyDetector(undefined, undefined, shapes);
  for (const options of [{}, { nms: true, batch: 1 }, { size: { height: 70, width: 100 } }]) {
    const { found } = await differences(detector, 'shapes', options);
    expect(found.length).toBeGreaterThan(1);
    for (const { largest, of } of found) expect(largest).toBeLessThanOrEqual(1e-4 * of);
  }
  await detector.dispose();
});

describe('a detector', () => {
  let detector: Detector;
  beforeAll(() => {
    detector = tinyDetector();
  });
  afterAll(() => detector.dispose());

  test('any size and number of pictures: each output as in cmtdet; normalisations and GELU are single operations', async () => {
    const { found } = await differences(detector, 'any', {});
    expect(found.map(({ output }) => output)).toContain('deltas_p7');
    for (const { largest, of } of found) expect(largest / of).toBeLessThan(1e-4);
    const { graph, opsetImport, metadataProps } = read('any');
    expect(opsetImport).toEqual([{ domain: '', version: 17 }]);
    expect(graph.input.map(({ name }) => name)).toEqual(['images']);
    expect(graph.input[0]!.type.tensorType.shape.dim).toEqual([
      { dimParam: 'batch' },
      { dimParam: 'height' },
      { dimParam: 'width' },
      { dimValue: 3 },
    ]);
    const count = (op: string) => graph.node.filter(({ opType }) => opType === op).length;
    expect(count('Erf')).toBe(3 + 2 * 5); // stem, and two of each of five blocks
    expect(count('LayerNormalization')).toBe(4 + 2 * 5); // patch aggregations, and two of each block
    expect(count('InstanceNormalization')).toBe(2 * 5); // of each branch, on five levels
    // After GELU there is batch normalisation; before a convolution of one pixel, and the stem's last, it is in the weights.
    expect(count('BatchNormalization')).toBe(2 + 5);
    const metadata = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toMatchObject({ version, kind: 'detector' });
    expect(JSON.parse(metadata.classes!)).toEqual(detector.categories);
  });

  test('duplicates suppressed inside: the same boxes in the same order, of a fixed size with padding', async () => {
    const { found } = await differences(detector, 'nms', { nms: true, size: { height: 100, width: 130 }, opset: 20 });
    const [boxes, scores, moved] = found;
    expect(boxes!.largest).toBeLessThan(0.01);
    expect(scores!.largest).toBeLessThan(1e-5);
    expect(moved).toMatchObject({ largest: 0 });
    expect(moved!.of).toBeGreaterThan(20); // detections compared
  });

  test('the same of any size, float32 pixels', async () => {
    const { found } = await differences(detector, 'anyNms', { nms: true, pixels: 'float32', opset: 18 });
    const [boxes, , moved] = found;
    expect(boxes!.largest).toBeLessThan(0.01);
    expect(moved).toMatchObject({ largest: 0 });
  });

  test('nothing found: no detections, labels -1', async () => {
    const path = join(folder, 'nothing.onnx');
    const blind = tinyDetector();
    for (const [name, parameter] of blind.model.parameters())
      if (name === 'head.classify.bias') parameter.value = parameter.value.map(() => -1000);
    await exportOnnx(blind, path, { version, nms: true });
    const runtime = (await OnnxRuntime.open(path, 1))!;
    const { scores, labels } = await runtime.run({
      images: { data: new Uint8Array(64 * 64 * 3), shape: [1, 64, 64, 3] },
    });
    expect(new Set(scores!.data as Float32Array)).toEqual(new Set([0]));
    expect(new Set(labels!.data as BigInt64Array)).toEqual(new Set([-1n]));
    await runtime.dispose();
    await blind.dispose();
  });

  test('weights as float16 in a file of their own: half the bytes, near the same numbers', async () => {
    const { found, files } = await differences(detector, 'half', { float16: true, externalData: true, opset: 19 });
    expect(files.map((file) => file.split('.').slice(1).join('.'))).toEqual(['onnx', 'onnx.data']);
    const whole = statSync(join(folder, 'any.onnx')).size;
    expect(statSync(files[1]!).size).toBeLessThan(0.65 * whole);
    const largest = Math.max(...found.map(({ largest, of }) => largest / of));
    expect(largest).toBeGreaterThan(1e-6);
    expect(largest).toBeLessThan(0.05);
  });

  test('pictures of one size are compared in one graph', async () => {
    const path = join(folder, 'repeated.onnx');
    await exportOnnx(detector, path, { version });
    const runtime = (await OnnxRuntime.open(path, 1))!;
    const forward = vi.spyOn(detector.model, 'forward');
    const options = { size: undefined, batch: 1, pixels: 'uint8' } as const;
    await verify(detector, runtime, [picture(200, 120), picture(200, 120), picture(90, 130)], options);
    expect(forward).toHaveBeenCalledTimes(2);
    forward.mockRestore();
    await runtime.dispose();
  });

  test('what cannot be written leaves no graph behind', async () => {
    const output = vi.spyOn(OnnxGraph.prototype, 'output');
    const classifier = tinyClassifier();
    for (const model of [detector, classifier]) {
      output.mockImplementationOnce(() => {
        throw new Error('no more');
      });
      const write = () => exportOnnx(model, join(folder, 'no.onnx'), { version });
      expect((await leftOver(() => expect(write()).rejects.toThrow('no more'))).graphs).toBe(0);
    }
    output.mockRestore();
    await classifier.dispose();
  });

  test('what belongs to one size is refused for any', async () => {
    const flattened = tinyDetector(undefined, flattenedCmt);
    await expect(exportOnnx(flattened, join(folder, 'no.onnx'), { version })).rejects.toThrow('give it with --size');
    await flattened.dispose();
  });
});

describe.each([
  ['ResNet-18 and RetinaNet', '{ name: retinanet, convs: 1 }', '{ name: resnet, depth: 18 }'],
  ['CMT and FCOS', '{ name: fcos, convs: 1 }', undefined],
])('%s', (_, head, backbone) => {
  test('any size, duplicates suppressed inside', async () => {
    const detector = tinyDetector(head, backbone);
    const { found } = await differences(detector, 'other', { nms: true });
    const [boxes, scores, moved] = found;
    expect(boxes!.largest).toBeLessThan(0.01);
    expect(scores!.largest).toBeLessThan(1e-5);
    expect(moved).toMatchObject({ largest: 0 });
    expect(moved!.of).toBeGreaterThan(20);
    await detector.dispose();
  });
});

test('a classifier, one picture at a time', async () => {
  const classifier = tinyClassifier();
  const { found } = await differences(classifier, 'classifier', { batch: 1 });
  expect(found).toHaveLength(1);
  expect(found[0]!.largest / found[0]!.of).toBeLessThan(1e-4);
  await classifier.dispose();
});
