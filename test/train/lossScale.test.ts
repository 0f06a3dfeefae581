import { describe, expect, it } from 'vitest';
import { LossScale } from '../../src/train/lossScale.js';

describe('LossScale', () => {
  const adjusted = (start: LossScale, batches: readonly boolean[]) => {
    const halvings = batches.map((finite) => start.adjust(finite));
    return { ...start.state, halvings };
  };

  it('starts at 65,536', () => {
    expect(new LossScale().state).toEqual({ scale: 65536, finite: 0, overflows: 0 });
  });

  it('halves at each batch that is not finite, and counts it', () => {
    expect(adjusted(new LossScale(), [false, true, false])).toEqual({
      scale: 16384,
      finite: 0,
      overflows: 2,
      halvings: [true, false, true],
    });
  });

  it('doubles after 2,000 finite batches in a row, not after 1,999', () => {
    const scale = new LossScale();
    for (let i = 0; i < 1999; i++) scale.adjust(true);
    expect(scale.state).toEqual({ scale: 65536, finite: 1999, overflows: 0 });
    scale.adjust(true);
    expect(scale.state).toEqual({ scale: 131072, finite: 0, overflows: 0 });
  });

  it('a batch that is not finite begins the count again', () => {
    const scale = new LossScale({ scale: 4, finite: 1999, overflows: 0 });
    expect(adjusted(scale, [false, true])).toMatchObject({ scale: 2, finite: 1, overflows: 1 });
  });

  it('goes no lower than 1, where it is not to blame', () => {
    expect(adjusted(new LossScale({ scale: 2, finite: 5, overflows: 3 }), [false, false])).toEqual({
      scale: 1,
      finite: 0,
      overflows: 4,
      halvings: [true, false],
    });
  });
});
