import { describe, expect, it } from 'vitest';
import { moveTargets } from '../../../src/data/detection/parts.js';

const one = (...box: number[]) => ({
  boxes: Float32Array.from(box),
  labels: Int32Array.from(box.length > 0 ? [7] : []),
});

describe('moveTargets', () => {
  const part = { left: 20, top: 10, width: 40, height: 20 };
  const target = { left: 100, top: 50, width: 80, height: 60 }; // x doubles, y trebles

  it('shifts and scales each axis by its own ratio', () => {
    const moved = moveTargets(one(30, 15, 40, 25), { part, target, mirror: false });
    expect([...moved.boxes]).toEqual([100 + 20, 50 + 15, 100 + 40, 50 + 45]);
    expect([...moved.labels]).toEqual([7]);
  });

  it('mirrors within the target', () => {
    const moved = moveTargets(one(30, 15, 40, 25), { part, target, mirror: true });
    expect([...moved.boxes]).toEqual([100 + 40, 65, 100 + 60, 95]);
  });

  it('a box with its centre inside is clipped, one with its centre outside is left out', () => {
    expect([...moveTargets(one(0, 10, 50, 20), { part, target, mirror: false }).boxes]).toEqual([100, 50, 160, 80]);
    expect(moveTargets(one(0, 10, 38, 20), { part, target, mirror: false }).labels).toHaveLength(0); // centre at x = 19
  });

  it('no boxes', () => {
    expect(moveTargets(one(), { part, target, mirror: true }).boxes).toHaveLength(0);
  });
});
