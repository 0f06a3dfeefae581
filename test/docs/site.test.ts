/** The site of docs/ in Chromium, page by page. CMTDET_SLOW=1. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, serveFolder } from '../support/browser.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const isSlow = process.env.CMTDET_SLOW !== undefined && chromiumPath !== undefined;

describe.runIf(isSlow)('npm run docs (CMTDET_SLOW=1)', { timeout: 300_000 }, () => {
  const out = temporaryFolder();
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;
  let server: Server;
  let address: string;

  beforeAll(async () => {
    // A link that leads nowhere ends the build.
    execFileSync('npm', ['run', 'docs', '--', '--outDir', out], { stdio: 'pipe' });
    ({ address, server } = await serveFolder(out));
    browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(address)) problems.push(request.url());
    });
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const pages = () =>
    readdirSync(out, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.html') && name !== '404.html',
    );

  it('every page opens, asks nothing of other hosts, and is no wider than a phone', async () => {
    expect(pages().length).toBeGreaterThan(25);
    await page.setViewportSize({ width: 390, height: 844 });
    for (const name of pages()) {
      await page.goto(address + name);
      const heading = await page.locator('h1').first().textContent();
      expect(heading, name).not.toBe('');
      const beyond = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(beyond, name).toBeLessThanOrEqual(0);
    }
    expect(problems).toEqual([]);
  });

  it('search finds "NaN"', async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(address);
    await page.keyboard.press('Control+k');
    await page.locator('.VPLocalSearchBox input').fill('NaN');
    const first = page.locator('.VPLocalSearchBox .result').first();
    await first.waitFor();
    const titles = await page.locator('.VPLocalSearchBox .result').allTextContents();
    expect(titles.join('\n')).toContain('The loss is NaN');
  });
});
