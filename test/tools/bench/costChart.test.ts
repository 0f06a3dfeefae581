import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type CostPoint, drawCost } from '../../../tools/bench/costChart.js';

const point = (over: CostPoint['over'], mode: CostPoint['mode'], side: number, batch: number): CostPoint => ({
  over,
  mode,
  side,
  batch,
  msPerPicture: side,
  peakMb: 1000,
  gmacs: side / 100,
});

test('a picture, also where no training step fitted into memory', async () => {
  const points = [
    point('side', 'forward', 256, 1),
    point('side', 'forward', 512, 1),
    point('batch', 'forward', 224, 1),
  ];
  const { format, width, height } = await sharp(await drawCost('cmt_s', points)).metadata();
  expect({ format, width, height }).toEqual({ format: 'png', width: 2000, height: 1560 });
});
