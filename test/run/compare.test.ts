import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCompare } from '../../src/cli/compare.js';
import { UsageError } from '../../src/errors.js';
import { compare } from '../../src/run/compare.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const parts = join(folder, 'parts');
mkdirSync(parts);
for (const name of ['report.css', 'report.js']) writeFileSync(join(parts, name), '');

/** A run folder with nothing in it but a config and a log. */
function fakeRun(name: string, train: string, AP: readonly number[]): string {
  const run = join(folder, name);
  mkdirSync(run);
  const data = '{ train: { annotations: a.json, images: pictures }, val: { annotations: a.json, images: pictures } }';
  const config = `{ task: detection, model: { backbone: { name: resnet, depth: 18 }, neck: {}, head: { name: fcos } }, data: ${data}, train: ${train} }`;
  writeFileSync(join(run, 'config.yaml'), config);
  const steps = [1, 2, 9].map((rate, i) => ({ kind: 'train', step: i + 1, epoch: i, loss: 1, rate }));
  const measured = AP.map((value, i) => ({ kind: 'val', step: 5 * (i + 1), epoch: i + 1, AP: value, AP50: null }));
  writeFileSync(
    join(run, 'metrics.jsonl'),
    [...steps, ...measured].map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  return run;
}

const one = fakeRun('one', '{ seed: 1 }', [0.1, 0.3, 0.2]);
const two = fakeRun('<b>two', '{ seed: 2, epochs: 12 }', []);

test('the best measurement, the median rate, and the keys that differ; a default that one file spells out is no difference', async () => {
  const { runs, differences } = await compare({ runs: [one, two] });
  expect(runs[0]).toMatchObject({
    name: 'one',
    epoch: 2,
    step: 10,
    picturesPerSecond: 2,
    metrics: { AP: 0.3, AP50: null },
  });
  expect(runs[1]).toMatchObject({ name: '<b>two', epoch: null, step: null, metrics: {} });
  expect(differences).toEqual([{ key: 'train.seed', values: ['1', '2'] }]);
});

test('on the terminal: a column a run', async () => {
  expect(await outputOf(() => runCompare([one, two], {}))).toMatchInlineSnapshot(`
    "              one  <b>two
    AP          0.300     n/a
    AP50          n/a     n/a
    best epoch      2     n/a
    training      n/a     n/a
    pictures/s    2.0     2.0

    config      one  <b>two
    train.seed    1       2
    "
  `);
});

test('the page has both, and names of folders are text in it', async () => {
  const out = join(folder, 'page.html');
  await compare({ runs: [one, two], out, parts });
  const page = readFileSync(out, 'utf8');
  expect(page).toContain('&lt;b&gt;two');
  expect(page).not.toContain('<b>two');
  expect(page).toContain('<strong>0.300</strong>');
});

test('the page takes no file of a run, but the place of an earlier page', async () => {
  const [weights, page] = [join(one, 'best.safetensors'), join(one, 'compare.html')];
  for (const file of [weights, page]) writeFileSync(file, 'kept');
  for (const out of [weights, join(one, 'metrics.jsonl')])
    await expect(compare({ runs: [one, two], out, parts })).rejects.toThrow('would be overwritten');
  expect(readFileSync(weights, 'utf8')).toBe('kept');
  await compare({ runs: [one, two], out: page, parts });
  expect(readFileSync(page, 'utf8')).toContain('<strong>0.300</strong>');
});

test('one run alone is wrong usage', async () => {
  await expect(runCompare([one], {})).rejects.toThrow(UsageError);
});

test('of the losses on val, the least is the best one', async () => {
  const runs = [0.25, 0.5].map((loss) => {
    const run = fakeRun(`loss of ${loss}`, '{ validationLoss: true }', []);
    const line = { kind: 'val', step: 5, epoch: 1, AP: loss, loss };
    writeFileSync(join(run, 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
    return run;
  });
  const out = join(folder, 'losses.html');
  await compare({ runs, out, parts });
  const page = readFileSync(out, 'utf8');
  expect(page).toContain('<td>0.250</td><td><strong>0.500</strong></td>'); // AP
  expect(page).toContain('<td><strong>0.250</strong></td><td>0.500</td>');
});
