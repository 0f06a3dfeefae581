/** Ends a run that gets no better. */
import type { Config } from '../config/schema.js';
import type { Metrics } from './task.js';

export class EarlyStopping {
  readonly #settings: Config['train']['earlyStopping'];
  readonly #metric: string;
  #best = Number.NEGATIVE_INFINITY;
  /** Measurements in a row that were not better than the best one. */
  #inVain = 0;

  /** @param settings null: never @param bestMetric of the task, which is watched where the settings name none */
  constructor(settings: Config['train']['earlyStopping'], bestMetric: string) {
    this.#settings = settings;
    this.#metric = settings?.metric ?? bestMetric;
  }

  /** Hears a measurement, one after the other. What was not measured (null) is no better. */
  add(metrics: Metrics): void {
    const value = metrics[this.#metric] ?? null;
    const { minDelta } = this.#settings ?? { minDelta: 0 };
    if (value !== null && this.#sign * value > this.#best + minDelta) {
      this.#best = this.#sign * value;
      this.#inVain = 0;
    } else this.#inVain++;
  }

  /** Why the run is over; null: it is not. */
  get reason(): string | null {
    if (this.#settings === null || this.#inVain < this.#settings.patience) return null;
    const { minDelta } = this.#settings;
    const margin = minDelta > 0 ? ` by more than ${minDelta}` : '';
    const best = Number.isFinite(this.#best) ? ` than ${(this.#sign * this.#best).toPrecision(4)}` : '';
    const times = this.#inVain === 1 ? 'measurement' : 'measurements';
    return `${this.#metric} has not been better${best}${margin} for ${this.#inVain} ${times}`;
  }

  /** Of a loss, less is better. */
  get #sign(): 1 | -1 {
    return this.#metric === 'loss' ? -1 : 1;
  }
}
