import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatConfig, parseConfig } from '../../src/config/load.js';
import type { DetectionConfig } from '../../src/config/schema.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { UsageError } from '../../src/errors.js';
import { describeDetector } from '../../src/models/checkpoints/description.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { report } from '../../src/run/report.js';
import { readRun } from '../../src/train/runRecord.js';
import { chromiumPath } from '../support/browser.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyCmt, tinyDetector } from '../support/tinyModels.js';

const hostile = '</script><img src=x onerror="document.title=1">';

/** The folder of a run that found things everywhere, with a class whose name wants to be a part of the page. */
async function makeRun(folder: string): Promise<string> {
  const data = await generateShapes(join(folder, 'data'), { train: 4, val: 8 });
  const names = [hostile, 'a & b', 'square'];
  for (const { annotations } of Object.values(data.splits)) {
    const coco = JSON.parse(readFileSync(annotations, 'utf8'));
    coco.categories = names.map((name, i) => ({ id: i + 1, name }));
    for (const annotation of coco.annotations) annotation.category_id = 1 + (annotation.category_id % 3);
    // Every other object begins left of its picture.
    for (const { id, bbox } of coco.annotations) if (id % 2 === 0) bbox[0] = -bbox[2] / 4;
    writeFileSync(annotations, JSON.stringify(coco));
  }
  const { train, val } = data.splits;
  const split = ({ annotations, images }: typeof train) => `{ annotations: ${annotations}, images: ${images} }`;
  const config = parseConfig(
    `{ task: detection, model: { backbone: ${tinyCmt}, neck: { channels: 32 }, head: { name: retinanet, convs: 1, norm: group } },
       data: { shortSide: 96, longSide: 160, train: ${split(train)}, val: ${split(val)} } }`,
    'run',
  ) as DetectionConfig;
  const run = join(folder, 'run');
  mkdirSync(run);
  writeFileSync(join(run, 'config.yaml'), formatConfig(config));
  const lines = [
    ...[10, 20, 30].map((step) => ({
      kind: 'train',
      step,
      epoch: 0,
      loss: 1 / step,
      classification: 0.5 / step,
      box: 0.5 / step,
      learningRate: 1e-4,
      rate: 3,
      waiting: 0,
    })),
    { kind: 'val', step: 20, epoch: 1, AP: 0.3, AP50: 0.5, AP75: null, loss: 0.08 },
    { kind: 'val', step: 30, epoch: 2, AP: 0.2, AP50: 0.4, AP75: null, loss: 0.09 },
  ];
  writeFileSync(join(run, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const detector = tinyDetector();
  const categories = names.map((name, i) => ({ id: i + 1, name }));
  await saveModel(join(run, 'best.safetensors'), detector.model, describeDetector(config, categories));
  await detector.dispose();
  return run;
}

const folder = temporaryFolder();
const parts = join(folder, 'built');
let run: string;

beforeAll(async () => {
  execFileSync(process.execPath, ['tools/build-report.mjs', parts]);
  run = await makeRun(folder);
}, 120_000);

test('the best measurement is the first of the highest', async () => {
  expect((await readRun(run)).best).toMatchObject({ epoch: 1, AP: 0.3 });
});

test('a folder without a run is refused with what is missing', async () => {
  await expect(report({ run: folder, parts })).rejects.toThrow(UsageError);
  await expect(report({ run: folder, parts })).rejects.toThrow('there is no config.yaml');
});

test('the page takes the place of no file of the run', async () => {
  const out = join(run, 'best.safetensors');
  const before = readFileSync(out);
  await expect(report({ run, parts, measure: false, out })).rejects.toThrow('would be overwritten');
  expect(readFileSync(out).equals(before)).toBe(true);
});

test('from the logs alone: says what is not there, and has no picture', async () => {
  const { file, missing } = await report({ run, parts, measure: false, out: join(folder, 'logs.html') });
  expect(missing).toEqual(['Nothing was measured for this page: it is made from the logs of the run alone.']);
  const page = readFileSync(file, 'utf8');
  expect(page).toContain('Best AP after epoch 1: 0.300.');
  expect(page).not.toContain('data:image/jpeg');
});

test('the loss on val is in the chart of the loss, with its least value; a run without it has none', async () => {
  const page = readFileSync((await report({ run, parts, measure: false })).file, 'utf8');
  expect(page).toContain('on val as they are, least after epoch 1: 0.080.');
  expect(page).toContain('loss on val at the end 0.09');
  const without = join(folder, 'without');
  cpSync(run, without, { recursive: true });
  const log = readFileSync(join(run, 'metrics.jsonl'), 'utf8').replaceAll(/,"loss":0.0[89]\}/g, '}');
  writeFileSync(join(without, 'metrics.jsonl'), log);
  const other = readFileSync((await report({ run: without, parts, measure: false })).file, 'utf8');
  expect(other).toContain('On the training pictures, augmented.');
  expect(other).not.toContain('loss on val');
});

test('of FCOS: boxes between the middles of cells in place of those beyond anchors', async () => {
  const fcos = join(folder, 'fcos');
  cpSync(run, fcos, { recursive: true });
  const { config } = await readRun(run);
  const annotations = join(folder, 'thin.json');
  const coco = JSON.parse(readFileSync((config as DetectionConfig).data.train.annotations, 'utf8'));
  coco.annotations = [
    { id: 1, image_id: coco.images[0].id, category_id: 1, bbox: [5, 5, 12, 2], area: 24, iscrowd: 0 },
    { id: 2, image_id: coco.images[0].id, category_id: 1, bbox: [5, 5, 60, 60], area: 3600, iscrowd: 0 },
  ];
  writeFileSync(annotations, JSON.stringify(coco));
  const { data } = config as DetectionConfig;
  const changed = {
    ...config,
    model: { ...config.model, head: { name: 'fcos' } },
    data: { ...data, train: { ...data.train, annotations } },
  };
  writeFileSync(join(fcos, 'config.yaml'), JSON.stringify(changed));
  const page = readFileSync((await report({ run: fcos, parts, measure: false })).file, 'utf8');
  expect(page).toContain('1 of 2 boxes (50.0 %) are so small or thin');
  expect(page).not.toContain('diamonds are anchors');
});

test('a run that time alone ends has no number of epochs: its updates are counted', async () => {
  const timed = join(folder, 'timed');
  cpSync(run, timed, { recursive: true });
  const { config } = await readRun(run);
  const train = { ...config.train, epochs: null, maxMinutes: 5, schedule: { name: 'cosine' } };
  writeFileSync(join(timed, 'config.yaml'), JSON.stringify({ ...config, train }));
  const pageOf = async (path: string) =>
    readFileSync((await report({ run: path, parts, measure: false })).file, 'utf8');
  expect(await pageOf(timed)).toContain('RetinaNet with a CMT of its own widths, 30 updates');
  expect(await pageOf(run)).toContain('RetinaNet with a CMT of its own widths, 2 of 12 epochs');
});

test('the pictures of a limit are those that are described', async () => {
  const limited = join(folder, 'limited');
  cpSync(run, limited, { recursive: true });
  const { data, ...config } = (await readRun(run)).config as DetectionConfig;
  const few = { train: { ...data.train, limit: 2 }, val: { ...data.val!, limit: 3 } };
  writeFileSync(join(limited, 'config.yaml'), JSON.stringify({ ...config, data: { ...data, ...few } }));
  for (const measure of [false, true]) {
    const page = readFileSync((await report({ run: limited, parts, measure })).file, 'utf8');
    expect(page).toMatch(/ on 2 pictures with \d+ boxes/);
    expect(page).toContain('<th scope="row">pictures</th><td>2</td><td>3</td>');
  }
});

test('a val picture that is cut off is not shown; the others are', async () => {
  const broken = join(folder, 'broken');
  await makeRun(broken);
  const path = join(broken, 'run');
  const { data } = (await readRun(path)).config as DetectionConfig;
  const { images } = JSON.parse(readFileSync(data.val!.annotations, 'utf8')) as { images: { file_name: string }[] };
  truncateSync(join(data.val!.images, images[0]!.file_name), 700);
  const { file, missing } = await report({ run: path, parts, pictures: images.length });
  expect(missing).toEqual([]);
  const page = readFileSync(file, 'utf8');
  expect(page).not.toContain(images[0]!.file_name);
  for (const { file_name } of images.slice(1)) expect(page).toContain(file_name);
});

test('of float16, the scale of the loss and its overflows are no parts of the loss', async () => {
  const half = join(folder, 'half');
  cpSync(run, half, { recursive: true });
  const log = readFileSync(join(run, 'metrics.jsonl'), 'utf8');
  writeFileSync(
    join(half, 'metrics.jsonl'),
    log.replaceAll('"waiting":0', '"waiting":0,"lossScale":1024,"overflows":1'),
  );
  const page = readFileSync((await report({ run: half, parts, measure: false })).file, 'utf8');
  expect(page).toContain('box at the end');
  expect(page).not.toMatch(/(lossScale|overflows) at the end/);
});

test('lines of logs that were cut off are passed over', async () => {
  const torn = join(folder, 'torn');
  cpSync(run, torn, { recursive: true });
  const part = JSON.stringify({ from: 'beginning', step: 0, time: '2026-01-02T03:04:05.678Z', devices: [] });
  writeFileSync(join(torn, 'history.jsonl'), `${part}\n${part.slice(0, 30)}`);
  writeFileSync(join(torn, 'incidents.jsonl'), '{"step":1}\n{"st');
  appendFileSync(join(torn, 'metrics.jsonl'), '{"kind":"val","ste');
  expect(await readRun(torn)).toMatchObject({ history: [{ step: 0 }], incidents: 1 });
  const page = readFileSync((await report({ run: torn, parts, measure: false })).file, 'utf8');
  expect(page).toContain('2026-01-02 03:04:05 UTC');
});

describe.skipIf(chromiumPath === undefined)('the page in Chromium', () => {
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const { file, missing } = await report({ run, parts, pictures: 2 });
    expect(missing).toEqual([]);
    browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && request.url() !== pathToFileURL(file).href)
        problems.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
  }, 120_000);

  afterAll(() => browser?.close());

  const boxes = (kind: string) => page.locator(`button.picture rect:not(.truth)${kind}`).count();

  test('names from the data are text and nothing else', async () => {
    expect(await page.title()).toBe('run');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await page.locator('#class option').allTextContents()).toEqual(['all', hostile, 'a & b', 'square']);
  });

  test('all sections are there, each with its heading', async () => {
    const titles = ['Numbers', 'Training', 'Classes', 'Errors', 'Pictures', 'Data', 'Run'];
    expect(await page.locator('main h2').allTextContents()).toEqual(titles);
    expect(await page.locator('nav a').allTextContents()).toEqual(titles);
  });

  test('the slider, by keyboard, lets fewer and more boxes through, and counts go along', async () => {
    await page.focus('#score');
    await page.keyboard.press('Home');
    const all = await boxes('');
    const counts = await page.locator('.counts').first().textContent();
    expect(all).toBeGreaterThan(20);
    await page.keyboard.press('End');
    expect(await boxes('')).toBeLessThan(all);
    expect(await page.textContent('#scoreText')).toBe('0.99');
    expect(await page.locator('.counts').first().textContent()).not.toBe(counts);
    await page.keyboard.press('Home');
  });

  test('the class filter keeps one class, and all three together are all', async () => {
    const each: number[] = [];
    for (const label of ['0', '1', '2']) {
      await page.selectOption('#class', label);
      each.push(await boxes(''));
    }
    await page.selectOption('#class', '-1');
    expect(each.reduce((sum, count) => sum + count)).toBe(await boxes(''));
    expect(Math.max(...each)).toBeLessThan(await boxes(''));
  });

  test('detections and truth can be taken away', async () => {
    const truth = () => page.locator('button.picture rect.truth').count();
    expect(await truth()).toBeGreaterThan(0);
    await page.uncheck('#truth');
    expect(await truth()).toBe(0);
    await page.uncheck('#found');
    expect(await boxes('')).toBe(0);
    await page.check('#truth');
    await page.check('#found');
  });

  test('boxes that begin outside of the picture keep all of their corners', async () => {
    const drawn = await page.evaluate<number[][]>(`[...document.querySelectorAll('button.picture rect.truth')]
      .map((rect) => ['x', 'y', 'width', 'height'].map((side) => Number(rect.getAttribute(side))))`);
    const boxes = await page.evaluate<number[][]>(`JSON.parse(document.getElementById('data').textContent)
      .pictures.flatMap(({ truth }) => truth.map(({ box }) => box))`);
    const inOrder = (all: number[][]) => all.map(String).sort();
    expect(inOrder(boxes).some((box) => box.startsWith('-'))).toBe(true);
    expect(new Set(inOrder(drawn))).toEqual(new Set(inOrder(boxes)));
  });

  test('a picture opens by keyboard, arrows go on, Escape goes back to it', async () => {
    await page.focus('button.picture >> nth=0');
    await page.keyboard.press('Enter');
    const first = await page.textContent('#largeName');
    expect(await page.locator('#largeList tr').count()).toBeGreaterThan(0);
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('#largeName')).not.toBe(first);
    await page.keyboard.press('Escape');
    // The browser first goes back to where it came from; the dialog's event follows.
    await expect.poll(() => page.evaluate('document.activeElement.dataset.picture')).toBe('1');
  });

  test.each([
    ['phone', 390, 844],
    ['desktop', 1280, 800],
  ])('%s: nothing is wider than the screen, controls can be touched', async (name, width, height) => {
    await page.setViewportSize({ width, height });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    for (const control of await page.locator('.controls label').all())
      expect((await control.boundingBox())!.height).toBeGreaterThanOrEqual(44);
    const shots = process.env.CMTDET_TEST_SCREENSHOTS;
    if (shots) await page.screenshot({ path: join(shots, `report-${name}.png`), fullPage: true });
  });

  test('no error on the console, and no request to anywhere', () => {
    expect(problems).toEqual([]);
  });
});
