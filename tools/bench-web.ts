/**
 * Pictures a second of `export --format web` in Chromium's WebAssembly, on one thread and on all (which needs a server that isolates the page).
 *
 *   npx tsx tools/bench-web.ts [--model retinanet_cmt_ti] [--side 320] [--pictures 30]
 *
 * `--model` is a name or a checkpoint. A picture is a canvas of that side; the rate counts all of `detect`: reading pixels, resizing, network,
 * boxes. Needs `npm run build`, and Chromium (CMTDET_TEST_CHROMIUM, or where Linux has it).
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { exportWeb } from '../src/export/web/exportWeb.js';
import { Detector } from '../src/models/detector.js';
import { freshDetector } from '../src/models/freshDetector.js';
import { findModel } from '../src/run/namedModel.js';
import { chromiumPath, serveFolder } from '../test/support/browser.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'retinanet_cmt_ti' },
    side: { type: 'string', default: '320' },
    pictures: { type: 'string', default: '30' },
  },
});
const [side, pictures] = [Number(values.side), Number(values.pictures)];

async function open(): Promise<Detector> {
  if (existsSync(values.model)) return Detector.load(values.model);
  const { config, classes } = await findModel(values.model);
  if (config.task !== 'detection') throw new Error(`${values.model}: expected a detector`);
  return freshDetector({ ...config, data: { ...config.data, shortSide: side, longSide: side } }, classes);
}

const folder = mkdtempSync(join(tmpdir(), 'cmtdet-web-'));
const detector = await open();
await exportWeb(detector, folder, { version: 'bench' });
await detector.dispose();
const browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
for (const threads of [1, cpus().length]) {
  const { address, server } = await serveFolder(folder, { isolated: threads > 1 });
  const page = await browser.newPage();
  await page.goto(address);
  const { rate, backend, isolated } = await page.evaluate<{
    rate: number;
    backend: string;
    isolated: boolean;
  }>(`(async () => {
    const { loadDetector } = await import('./detector.js');
    const detector = await loadDetector('.');
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = ${side};
    const context = canvas.getContext('2d');
    for (let i = 0; i < 200; i++) {
      context.fillStyle = 'hsl(' + 37 * i + ' 80% 50%)';
      context.fillRect((i * 71) % ${side}, (i * 43) % ${side}, 40, 25);
    }
    for (let i = 0; i < 3; i++) await detector.detect(canvas);
    const started = performance.now();
    for (let i = 0; i < ${pictures}; i++) await detector.detect(canvas);
    const rate = (1000 * ${pictures}) / (performance.now() - started);
    return { rate, backend: detector.backend, isolated: crossOriginIsolated };
  })()`);
  const on = `${backend}, ${isolated ? threads : 1} thread${isolated ? 's' : ''}`;
  console.log(`${values.model}, ${side} x ${side}, ${on}: ${rate.toFixed(2)} pictures a second`);
  await page.close();
  server.close();
}
await browser.close();
rmSync(folder, { recursive: true });
