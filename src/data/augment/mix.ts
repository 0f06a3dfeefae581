import type { Random } from '../../random.js';
import type { PixelRect } from '../image/image.js';

export interface MixOptions {
  /** λ ~ Beta(α, α) of mixup; 0 switches mixup off. Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018). */
  readonly mixupAlpha: number;
  /** λ ~ Beta(α, α) of CutMix; 0 switches CutMix off. Yun et al., "CutMix" (2019). */
  readonly cutmixAlpha: number;
  /** How often a group is mixed at all. */
  readonly probability: number;
  /** How often a mixed group takes CutMix, where both are on. */
  readonly switchProbability: number;
  /**
   * Pictures of an update are mixed in so many groups, each of which draws once. Timm draws once for each device's batch, so as many as
   * a recipe had devices.
   */
  readonly groups: number;
}

/** Whether anything is ever mixed. */
export function mixes({ mixupAlpha, cutmixAlpha, probability }: MixOptions): boolean {
  return (mixupAlpha > 0 || cutmixAlpha > 0) && probability > 0;
}

/**
 * How pictures are mixed with those half a batch away: picture i with picture i ± B ÷ 2.
 *
 * That pairs pictures alike however an update is dealt (data/loading/shard.ts): partners are half an update apart, and so in one part.
 * Timm pairs a batch with itself in reverse order, which comes to the same in a random order.
 *
 * Every pixel becomes `blend × own + (1 - blend) × partner`, then those in `box` become the partner's. So mixup has a blend
 * below 1 and no box, CutMix a box and a blend of 1, and a group left alone neither.
 */
export interface Mix {
  readonly blend: number;
  readonly box: PixelRect;
  /** Weight of the own target; the partner's has 1 - lambda. */
  readonly lambda: number;
}

const noBox: PixelRect = { left: 0, top: 0, width: 0, height: 0 };

export const unmixed: Mix = { blend: 1, box: noBox, lambda: 1 };

/** What is done to one group of `size` × `size` pictures. Source: timm's `Mixup` in batch mode. */
export function drawMix(options: MixOptions, size: number, random: Random): Mix {
  const { mixupAlpha, cutmixAlpha, probability, switchProbability } = options;
  if (!mixes(options) || !random.bool(probability)) return unmixed;
  const cutmix = mixupAlpha === 0 || (cutmixAlpha > 0 && random.bool(switchProbability));
  const alpha = cutmix ? cutmixAlpha : mixupAlpha;
  const lambda = random.beta(alpha, alpha);
  if (!cutmix) return { blend: lambda, box: noBox, lambda };
  const box = drawCutmixBox(lambda, size, random);
  return { blend: 1, box, lambda: 1 - (box.width * box.height) / (size * size) }; // of the box as clipped
}

/** A square of area 1 - λ around a pixel drawn uniformly, clipped to the picture. */
export function drawCutmixBox(lambda: number, size: number, random: Random): PixelRect {
  const reach = Math.floor(Math.trunc(size * Math.sqrt(1 - lambda)) / 2);
  const span = () => {
    const centre = random.int(size);
    const start = Math.max(0, centre - reach);
    return { start, length: Math.min(size, centre + reach) - start };
  };
  const rows = span();
  const columns = span();
  return { top: rows.start, left: columns.start, height: rows.length, width: columns.length };
}

/**
 * Targets of a mixed batch: labels [B] → [B, K].
 *
 * Smoothing first (the label gets 1 - s + s / K, others s / K; Szegedy et al., "Rethinking the Inception Architecture", 2016),
 * then the mix with the other half of the batch.
 *
 * @param lambdas [B]
 */
export function softTargets(
  labels: Int32Array,
  classes: number,
  smoothing: number,
  lambdas: readonly number[],
): Float32Array {
  const off = smoothing / classes;
  const extra = 1 - smoothing; // what the label has above the others
  const targets = new Float32Array(labels.length * classes).fill(off);
  for (let i = 0; i < labels.length; i++) {
    const row = i * classes;
    const own = labels[i]!;
    const lambda = lambdas[i]!;
    const partner = lambda === 1 ? own : labels[(i + labels.length / 2) % labels.length]!;
    if (own === partner) {
      targets[row + own] = off + extra;
    } else {
      targets[row + own] = off + lambda * extra;
      targets[row + partner] = off + (1 - lambda) * extra;
    }
  }
  return targets;
}
