import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { doctor } from '../../src/cli/doctor.js';
import { ConfigError, UsageError } from '../../src/errors.js';
import { tensorflowVersion } from '../../src/tensorflow/install/wheels.js';
import { outputOf } from '../support/standardOutput.js';

const config = 'configs/retinanet_cmt_ti_bccd.yaml';
const threads = availableParallelism() + 1;
const mistake = `engine.threads=${threads}`;

describe('doctor', () => {
  afterEach(() => {
    process.exitCode = undefined;
  });

  test('--json: the engine, its devices, a trial of compiled chains, and the default settings', async () => {
    const diagnosis = JSON.parse(await outputOf(() => doctor(undefined, { json: true })));
    expect(diagnosis).toMatchObject({
      ok: diagnosis.problems.length === 0,
      tensorflow: { version: tensorflowVersion },
      engine: { threads: null, xla: 'auto', mixedPrecision: 'auto', fuse: 'auto', memoryGrowth: true },
      warnings: [],
    });
    expect(diagnosis.tensorflow.devices).toEqual(diagnosis.devices.map(({ type }: { type: string }) => type));
    expect(diagnosis.devices[0]).toMatchObject({ type: 'CPU', name: expect.stringContaining('CPU:0') });
    expect(diagnosis.compiledChains).toBe(diagnosis.tensorflow.devices.includes('GPU') ? 'off' : 'work');
  });

  test('the settings of a config, changed by --set, with a warning that is no problem', async () => {
    const set = [mistake, 'engine.fuse=none'];
    const diagnosis = JSON.parse(await outputOf(() => doctor(config, { json: true, set })));
    expect(diagnosis).toMatchObject({
      engine: { threads, fuse: 'none' },
      compiledChains: 'off',
      warnings: [expect.stringContaining(`engine.threads is ${threads}`)],
    });
  });

  test('for people: settings, the warning, the verdict', async () => {
    const text = await outputOf(() => doctor(config, { set: [mistake, 'engine.mixedPrecision=float16'] }));
    expect(text).toContain(`engine settings (${config})`);
    expect(text).toMatch(/^ {2}threads +\d+$/m);
    expect(text).toMatch(/^ {2}mixedPrecision +float16, with loss scaling$/m);
    expect(text).toMatch(/^ {2}memoryGrowth +on$/m);
    expect(text).toContain('warning: engine.threads');
  });

  test('--placement: what a GPU would run, for programs and for people', async () => {
    const { tensorflow, works } = JSON.parse(
      await outputOf(() => doctor('configs/smoke.yaml', { placement: true, json: true })),
    );
    expect(tensorflow).toBe(tensorflowVersion);
    expect(works).toMatchObject([
      { work: 'train', unexplained: 0 },
      { work: 'inference', unexplained: 0 },
    ]);
    const text = await outputOf(() => doctor('configs/smoke.yaml', { placement: true }));
    expect(text).toMatch(/^on the CPU, for want of a kernel +0$/m);
    expect(text).toMatch(/^LogicalAnd for Switch +host +bool +1 +1 +midway$/m);
    expect(text).toContain('All of these have a reason.');
    await expect(doctor(undefined, { placement: true })).rejects.toThrow(UsageError);
  });

  test('a config that is none, and --set without a config', async () => {
    await expect(doctor('no/such.yaml', {})).rejects.toThrow(ConfigError);
    await expect(doctor(undefined, { set: [mistake] })).rejects.toThrow(UsageError);
  });
});
