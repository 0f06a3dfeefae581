/**
 * Dynamic loss scaling: the loss is multiplied before differentiation, so that gradients that float16 would round to zero keep
 * their digits, and the gradients are divided again before anything reads them.
 *
 * Source: Micikevicius et al., "Mixed Precision Training" (2018), section 3.2; the constants of PyTorch's GradScaler.
 */
import { z } from 'zod';

/** All scales are powers of two, so that scaling alone rounds nothing. */
const initialScale = 2 ** 16;
/** Finite batches in a row after which a larger scale is tried. */
const growthInterval = 2000;

/** What a resumed run needs to scale on as before. */
export const LossScaleState = z.object({
  scale: z.number().min(1),
  /** Finite batches since the scale last changed. */
  finite: z.int().min(0),
  /** Batches of the whole run that were left out because of the scale. */
  overflows: z.int().min(0),
});
export type LossScaleState = z.infer<typeof LossScaleState>;

export class LossScale {
  #state: LossScaleState;

  constructor(state: LossScaleState | null = null) {
    this.#state = state ?? { scale: initialScale, finite: 0, overflows: 0 };
  }

  get state(): LossScaleState {
    return this.#state;
  }

  /**
   * Halves the scale after a batch that was not finite, doubles it after 2,000 in a row that were.
   *
   * @returns whether the scale may have been what was wrong, and was halved; at 1 (the least, unlike GradScaler's) it never is
   */
  adjust(wasFinite: boolean): boolean {
    const { scale, finite, overflows } = this.#state;
    if (wasFinite) {
      const grows = finite + 1 === growthInterval;
      this.#state = { scale: grows ? 2 * scale : scale, finite: (finite + 1) % growthInterval, overflows };
      return false;
    }
    const halved = scale > 1;
    this.#state = { scale: Math.max(scale / 2, 1), finite: 0, overflows: overflows + (halved ? 1 : 0) };
    return halved;
  }
}
