import { describe, expect, test } from 'vitest';
import { page, type Report } from '../../../tools/gpu/report.js';

const nothing = { missing: 'not begun' };
const empty: Report = {
  device: 'a card',
  quick: false,
  machine: { cores: 2 },
  ...{ doctor: nothing, parity: [], rates: [], losses: nothing, largestBatch: nothing, profile: nothing },
};

describe('the page', () => {
  test('what was not found is said in its place', () => {
    const text = page({ ...empty, rates: [{ missing: 'xla: not done after 70 s' }] });
    expect(text).toContain('# What cmtdet does on a card\n');
    expect(text).toContain('## Devices\n\nNothing: not begun');
    expect(text).toContain('## Pictures a second\n\n- xla: not done after 70 s');
  });

  test('numbers within their limit agree, others stand out', () => {
    const row = (error: number) => ({ found: { name: 'TF32', error, limit: 5e-3 }, seconds: 1 });
    expect(page({ ...empty, parity: [row(5e-3)] })).toContain('| TF32 | 5.0e-3 | 5e-3 | agrees |');
    expect(page({ ...empty, parity: [row(6e-3)] })).toContain('| TF32 | 6.0e-3 | 5e-3 | **DIFFERS** |');
    expect(page({ ...empty, parity: [row(Number.NaN)] })).toContain('**DIFFERS**');
  });

  test('rates, losses and the profile as tables', () => {
    const rate = { who: 'cmtdet, xla', work: 'cmt_s train', batch: 64, size: '224 x 224' };
    const operation = { device: 'GPU:0', type: 'Conv2D', count: 3, totalMs: 1.234 };
    const text = page({
      ...empty,
      rates: [{ found: { ...rate, picturesPerSecond: 640.04, msPerStep: 100, cardMb: null }, seconds: 9 }],
      losses: { found: { rows: [{ step: 20, device: 1.5, cpu: 1.25 }], waiting: 0.25, rate: 10 }, seconds: 9 },
      profile: { found: { wallMs: 12, busyMs: 9, operations: [operation] }, seconds: 9 },
    });
    expect(text).toContain('| cmtdet, xla | cmt_s train | 64 | 224 x 224 | 640.0 | 100.0 | - |');
    expect(text).toContain('| 20 | 1.5000 | 1.2500 |');
    expect(text).toContain('waited for pictures 25 % of the time');
    expect(text).toContain('| Conv2D | GPU:0 | 3 | 1.23 |');
  });
});
