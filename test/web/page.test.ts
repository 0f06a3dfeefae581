import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Detection } from '../../src/detection/named.js';
import { exportWeb } from '../../src/export/web/exportWeb.js';
import { Detector } from '../../src/models/detector.js';
import type { WebModel } from '../../src/web/model.js';
import { chromiumPath, serveFolder } from '../support/browser.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

/** Waves, so that no two places look alike. Lossless: every decoder reads the same pixels. */
async function writePicture(file: string, width: number, height: number): Promise<void> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return 128 + 70 * Math.sin(x / (5 + c)) * Math.cos(y / 7) + 50 * Math.sin((x * y) / 90);
  });
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
}

describe.skipIf(chromiumPath === undefined)('the page in Chromium', () => {
  const folder = temporaryFolder();
  const picture = join(folder, 'picture.png');
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;
  let server: Server;
  let address: string;
  let detector: Detector;

  beforeAll(async () => {
    const built = join(folder, 'built');
    execFileSync(process.execPath, ['tools/build-web.mjs', built]);
    detector = tinyDetector('{ name: retinanet, convs: 1 }', undefined, [[160, 160]]);
    await exportWeb(detector, join(folder, 'web'), { version: '1.2.3', page: built });
    await writePicture(picture, 240, 180);
    ({ address, server } = await serveFolder(join(folder, 'web')));
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(address)) problems.push(request.url());
    });
    await page.goto(address);
    await page.waitForFunction(`document.getElementById('status').textContent.startsWith('Ready')`);
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await detector?.dispose();
  });

  test('the module finds the boxes of `Detector.detect`, within 0.05 pixels', async () => {
    await page.setInputFiles('#file', picture);
    const found = await page.evaluate<Detection[]>(`(async () => {
      const { loadDetector } = await import('./detector.js');
      const detector = await loadDetector('.');
      return detector.detect(document.getElementById('file').files[0]);
    })()`);
    const wanted = await detector.detect(picture);
    expect(wanted.length).toBeGreaterThan(20);
    expect(found.map(({ label }) => label)).toEqual(wanted.map(({ label }) => label));
    for (const [i, { box, score }] of found.entries()) {
      expect(Math.abs(score - wanted[i]!.score)).toBeLessThan(1e-4);
      for (const [side, value] of box.entries()) expect(Math.abs(value - wanted[i]!.box[side]!)).toBeLessThan(0.05);
    }
  });

  test('colour profiles are ignored where the detector is told so, on the page and by the module', async () => {
    const settings = join(folder, 'web', 'model.json');
    const usual = readFileSync(settings, 'utf8');
    const model = JSON.parse(usual) as WebModel;
    const ignoring = { ...model, input: { ...model.input, colourProfiles: 'ignore' } };
    writeFileSync(settings, JSON.stringify(ignoring));
    const profiled = join(folder, 'profiled.png');
    await sharp(picture).withIccProfile('p3', { attach: true }).png().toFile(profiled);
    const { description } = detector;
    const own = new Detector(detector.model, {
      ...description,
      input: { ...description.input, colourProfiles: 'ignore' },
    });
    const wanted = (await own.detect(profiled)).map(({ score }) => score);
    const applied = (await detector.detect(profiled)).map(({ score }) => score);
    await own.dispose();
    const other = await browser.newPage();
    try {
      await other.goto(address);
      await other.waitForFunction(`document.getElementById('status').textContent.startsWith('Ready')`);
      await other.setInputFiles('#file', profiled);
      await other.waitForFunction(`document.querySelectorAll('#found tr').length > 0`);
      await other.focus('#score');
      await other.keyboard.press('Home');
      const shown = await other.locator('#found tr td:last-child').allTextContents();
      const twoDigits = (scores: readonly number[]) => scores.slice(0, 5).map((score) => score.toFixed(2));
      expect(twoDigits(wanted)).not.toEqual(twoDigits(applied));
      expect(twoDigits(shown.map(Number))).toEqual(twoDigits(wanted));
    } finally {
      await other.close();
      writeFileSync(settings, usual);
    }
  });

  test('the slider, by keyboard, lets fewer and more through', async () => {
    const rows = () => page.locator('#found tr').count();
    await page.waitForFunction(`document.querySelectorAll('#found tr').length > 0`);
    const before = await rows();
    await page.focus('#score');
    await page.keyboard.press('End');
    expect(await page.textContent('#scoreText')).toBe('0.95');
    expect(await rows()).toBeLessThan(before);
    await page.keyboard.press('Home');
    expect(await rows()).toBeGreaterThanOrEqual(before);
  });

  test('timing says pictures a second', async () => {
    await page.click('#time');
    await page.waitForFunction(`document.getElementById('status').textContent.includes('pictures a second')`);
  });

  test('the camera: two clicks open it once; timing stops it, and every stream', async () => {
    const other = await browser.newPage();
    await other.goto(address);
    await other.waitForFunction(`document.getElementById('status').textContent.startsWith('Ready')`);
    await other.evaluate(`{
      const { mediaDevices } = navigator;
      const open = mediaDevices.getUserMedia.bind(mediaDevices);
      window.streams = [];
      mediaDevices.getUserMedia = async (wanted) => {
        const stream = await open(wanted);
        window.streams.push(stream);
        return stream;
      };
      document.getElementById('camera').click();
      document.getElementById('camera').click();
    }`);
    await other.waitForFunction(`!document.getElementById('time').disabled`);
    expect(await other.evaluate('window.streams.length')).toBe(1);
    await other.click('#time');
    await other.waitForFunction(`document.getElementById('status').textContent.includes('pictures a second')`);
    expect(await other.textContent('#camera')).toBe('Use the camera');
    expect(await other.isEnabled('#time')).toBe(true);
    const live = `window.streams.flatMap((stream) => stream.getTracks()).filter(({ readyState }) => readyState === 'live').length`;
    expect(await other.evaluate(live)).toBe(0);
    await other.close();
  });

  test('a detector that is disposed of ends what it has begun, and refuses what comes later', async () => {
    const after = await page.evaluate<string[]>(`(async () => {
      const { loadDetector } = await import('./detector.js');
      const detector = await loadDetector('.');
      const file = document.getElementById('file').files[0];
      const pictures = [file, new Blob(['no picture']), file];
      const begun = Promise.allSettled(pictures.map((picture) => detector.detect(picture)));
      await Promise.all([detector.dispose(), detector.dispose()]);
      const later = Promise.allSettled([detector.detect(file)]);
      return [...(await begun), ...(await later)].map(({ status, reason }) => reason?.message ?? status);
    })()`);
    expect([after[0], after[2], after[3]]).toEqual([
      'fulfilled',
      'fulfilled',
      'the detector was used after its disposal',
    ]);
    expect(after[1]).toContain('could not be decoded');
  });

  test('the types of the module are in one file', () => {
    const types = readFileSync(join(folder, 'web', 'detector.d.ts'), 'utf8');
    expect(types).toContain('export interface Detection {');
    expect(types).not.toMatch(/\bfrom '\./);
  });

  test.each([
    ['phone', 390, 844],
    ['desktop', 1280, 800],
  ])('%s: nothing is wider than the screen, controls can be touched', async (name, width, height) => {
    await page.setViewportSize({ width, height });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    for (const control of ['#camera', '#time', 'label.button', '.slider'])
      expect((await page.locator(control).boundingBox())!.height).toBeGreaterThanOrEqual(44);
    const shots = process.env.CMTDET_TEST_SCREENSHOTS;
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  });

  test('no error on the console, and no request to anywhere else', () => {
    expect(problems).toEqual([]);
  });
});
