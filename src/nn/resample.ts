/** One-dimensional resampling as a linear map: which old entries make a new one, and with what weights. */

export type Interpolation = 'bilinear' | 'bicubic';

/** Row i holds the old indices and their weights for new entry i; `taps` of each. */
export interface ResampleTaps {
  readonly indices: Int32Array;
  readonly weights: Float32Array;
  readonly taps: number;
}

/** Keys, "Cubic Convolution Interpolation" (1981), with PyTorch's a = -0.75. */
function cubic(distance: number): number {
  const a = -0.75;
  const t = Math.abs(distance);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return a * (((t - 5) * t + 8) * t - 4);
  return 0;
}

/**
 * ResampleTaps for `from` entries → `to` entries, pixel centres at half positions, no antialiasing: PyTorch's `interpolate` with
 * `align_corners=False`. Indices beyond the ends repeat the end. Equal sizes give the identity.
 */
export function resampleTaps(from: number, to: number, interpolation: Interpolation): ResampleTaps {
  const taps = interpolation === 'bilinear' ? 2 : 4;
  const indices = new Int32Array(to * taps);
  const weights = new Float32Array(to * taps);
  for (let i = 0; i < to; i++) {
    const at = ((i + 0.5) * from) / to - 0.5;
    const centre = interpolation === 'bilinear' ? Math.max(at, 0) : at; // as PyTorch: only the linear one clamps the position
    const first = Math.floor(centre) - (taps / 2 - 1);
    for (let tap = 0; tap < taps; tap++) {
      const distance = centre - (first + tap);
      indices[i * taps + tap] = Math.min(Math.max(first + tap, 0), from - 1);
      weights[i * taps + tap] = interpolation === 'bilinear' ? 1 - Math.abs(distance) : cubic(distance);
    }
  }
  return { indices, weights, taps };
}

/** The taps as a matrix, [to, from] row-major; weights of repeated indices add up. */
export function resampleMatrix(from: number, to: number, interpolation: Interpolation): Float32Array {
  const { indices, weights, taps } = resampleTaps(from, to, interpolation);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < indices.length; i++) matrix[Math.floor(i / taps) * from + indices[i]!]! += weights[i]!;
  return matrix;
}
