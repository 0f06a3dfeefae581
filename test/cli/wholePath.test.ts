/** The path of a user, through the commands' own functions: train, evaluate, predict; then the same checkpoint as a library. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runEvaluate } from '../../src/cli/evaluate.js';
import { runPredict } from '../../src/cli/predict.js';
import { runTrain } from '../../src/cli/train.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { openDetectionDataset } from '../../src/data/detection/dataset.js';
import { generateShapes, type ShapesFiles } from '../../src/data/shapes/generate.js';
import { CheckpointError, DatasetError, UsageError } from '../../src/errors.js';
import { Classifier } from '../../src/models/classifier.js';
import { Detector } from '../../src/models/detector.js';
import { evaluationLoader } from '../../src/train/detectionData.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const config = 'configs/smoke.yaml';

describe('smoke: two pictures by heart', () => {
  let folder: string;
  let data: ShapesFiles;
  let checkpoint: string;
  let stats: Record<string, number | null>;

  beforeAll(async () => {
    folder = temporaryFolder();
    data = await generateShapes(join(folder, 'data'), { train: 2, val: 1 });
    const { annotations, images } = data.splits.train;
    const split = `{ annotations: ${annotations}, images: ${images}, limit: 2 }`;
    const output = await outputOf(() =>
      runTrain(config, { run: join(folder, 'run'), json: true, set: [`data.train=${split}`, `data.val=${split}`] }),
    );
    stats = JSON.parse(output);
    checkpoint = join(folder, 'run', 'best.safetensors');
  }, 240_000);

  test('train: AP above 0.95', () => {
    expect(stats.AP).toBeGreaterThan(0.95);
  });

  test.skipIf(!existsSync('dist/web-report'))(
    'train: its report is in the run folder, and shows what was measured',
    () => {
      expect(stats.report).toBe(join(folder, 'run', 'report.html'));
      expect(readFileSync(join(folder, 'run', 'report.html'), 'utf8')).toContain(`<dd>${stats.AP!.toFixed(3)}<small>`);
    },
  );

  test('evaluate: the checkpoint measures as it did in training, and so do its exported results', async () => {
    const { annotations, images } = data.splits.train;
    const results = join(folder, 'results.json');
    const own = await outputOf(() =>
      runEvaluate(checkpoint, { annotations, images, saveResults: results, batchSize: 2, json: true }),
    );
    const given = await outputOf(() => runEvaluate(undefined, { annotations, results, json: true }));
    expect(JSON.parse(own).stats.AP).toBeCloseTo(stats.AP!, 10);
    expect(JSON.parse(given).stats).toEqual(JSON.parse(own).stats);
    const one = await outputOf(() => runEvaluate(checkpoint, { annotations, images, batchSize: 1, json: true }));
    expect(JSON.parse(one).stats.AP).toBeCloseTo(stats.AP!, 6);
  });

  test('evaluate --skip-broken: what cannot be read counts as missed, as in the exported results; without it, the way is named', async () => {
    const { annotations, images } = data.splits.train;
    const [first, second] = parseCoco(annotations).images.map(({ file_name }) => file_name!);
    const some = join(folder, 'some');
    mkdirSync(some);
    copyFileSync(join(images, first!), join(some, first!));
    await expect(runEvaluate(checkpoint, { annotations, images: some })).rejects.toThrow(
      /no such file.*To go on without them: --skip-broken\./s,
    );
    writeFileSync(join(some, second!), readFileSync(join(images, second!)).subarray(0, 2000)); // its header is fine
    const results = join(folder, 'some.json');
    const own = await outputOf(() =>
      runEvaluate(checkpoint, { annotations, images: some, saveResults: results, skipBroken: true, json: true }),
    );
    const given = await outputOf(() => runEvaluate(undefined, { annotations, results, json: true }));
    expect(JSON.parse(own).stats).toEqual(JSON.parse(given).stats);
    expect(JSON.parse(own).stats.AR100).toBeGreaterThan(0);
    expect(JSON.parse(own).stats.AR100).toBeLessThan(stats.AR100!);
  });

  test('predict: boxes on the objects, pictures and json written', async () => {
    const { annotations, images } = data.splits.train;
    const { images: listed, annotations: targets } = parseCoco(annotations);
    const file = join(images, listed[0]!.file_name!);
    const out = join(folder, 'out');
    const [prediction] = JSON.parse(
      await outputOf(() => runPredict(checkpoint, [file], { out, score: 0.5, json: true })),
    );
    const wanted = targets.filter(({ image_id }) => image_id === listed[0]!.id);
    expect(prediction).toMatchObject({ file, width: 128, height: 128 });
    expect(wanted.length).toBeGreaterThan(0);
    for (const { bbox, category_id } of wanted) {
      const [x, y, width, height] = bbox;
      const near = prediction.detections.some(
        ({ box, categoryId }: { box: number[]; categoryId: number }) =>
          categoryId === category_id && [x, y, x + width, y + height].every((side, i) => Math.abs(side - box[i]!) < 8),
      );
      expect(near).toBe(true);
    }
    expect(JSON.parse(readFileSync(join(out, 'detections.json'), 'utf8'))).toEqual([prediction]);
  });

  describe('as a library', () => {
    let detector: Detector;
    beforeAll(() => {
      detector = Detector.load(checkpoint);
    });
    afterAll(() => detector.dispose());

    test('a path and its bytes give the same detections, best first, inside of the picture', async () => {
      const file = join(data.splits.train.images, parseCoco(data.splits.train.annotations).images[0]!.file_name!);
      const detections = await detector.detect(file);
      expect(await detector.detect(readFileSync(file))).toEqual(detections);
      for (const [i, { score, box }] of detections.entries()) {
        expect(score).toBeLessThanOrEqual(detections[i - 1]?.score ?? 1);
        expect(Math.min(...box)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...box)).toBeLessThanOrEqual(128);
      }
      expect((await detector.detect(file, { scoreThreshold: 0.9 })).length).toBeLessThanOrEqual(detections.length);
    });

    test('detections of one picture are those that the loader of a measurement leads to, to the last bit', async () => {
      const { annotations, images } = data.splits.train;
      const dataset = await openDetectionDataset(parseCoco(annotations), images, { source: annotations });
      const loader = evaluationLoader(dataset, detector.description.input, 1);
      for await (const batch of loader.epoch(0)) {
        const [measured] = await detector.detectBatch(batch, batch.records);
        const found = await detector.detect(batch.records[0]!.file);
        expect(found.map(({ score }) => score)).toEqual([...measured!.scores]);
        expect(found.flatMap(({ box }) => box)).toEqual([...measured!.boxes]);
      }
      await loader.close();
    });

    test('a checkpoint of another kind is refused', () => {
      expect(() => Classifier.load(checkpoint)).toThrow(CheckpointError);
    });
  });

  test('what cannot be: messages of the right kind', async () => {
    const { annotations, images } = data.splits.train;
    await expect(runTrain('configs/demo_pretrain.yaml', {})).rejects.toThrow(UsageError);
    const set = [`data.train={ annotations: ${annotations}, images: ${images} }`, 'data.val=null'];
    await expect(runTrain(config, { resume: true, run: join(folder, 'none'), set })).rejects.toThrow(UsageError);
    await expect(runEvaluate(checkpoint, { annotations })).rejects.toThrow(UsageError);
    await expect(runEvaluate(join(images, 'none'), { annotations, images })).rejects.toThrow(CheckpointError);
    await expect(runEvaluate(annotations, { annotations, images })).rejects.toThrow(
      'expected a checkpoint that cmtdet wrote (safetensors), found something else',
    );
    await expect(runPredict(checkpoint, [join(folder, 'nowhere.jpg')], { out: folder, score: 0.3 })).rejects.toThrow(
      DatasetError,
    );
    const missing = `{ annotations: ${annotations}, images: ${folder} }`;
    await expect(runTrain(config, { set: [`data.train=${missing}`, 'data.val=null'] })).rejects.toThrow(DatasetError);
    const otherVariant = [
      'model.backbone.variant=cmt_ti',
      `data.train={ annotations: ${annotations}, images: ${images} }`,
      'data.val=null',
    ];
    await expect(
      runTrain(config, { initFrom: checkpoint, set: otherVariant, run: join(folder, 'other') }),
    ).rejects.toThrow(CheckpointError);
  });
});
