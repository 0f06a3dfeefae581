import type { DataEvents } from '../train/task.js';

/** Hears what happens while a function of `src/run` works, and may tell a person. All parts may be left out. */
export interface Observer extends Partial<DataEvents> {
  /**
   * How far the work is.
   *
   * @param what is being done: the path of a picture, or a word for the part of the work
   */
  readonly onProgress?: ((done: number, total: number, what: string) => void) | undefined;
  /** A line about the work before it begins: its folder, how much data, how large a model, who is waited for. */
  readonly onFact?: ((fact: string) => void) | undefined;
}

/** An observer with a function for everything that is odd about data. */
export function dataEvents({ onWarning, onSkipped, onRepair, onLooked }: Observer): DataEvents {
  const nothing = () => {};
  return {
    onWarning: onWarning ?? nothing,
    onSkipped: onSkipped ?? nothing,
    onRepair: onRepair ?? nothing,
    onLooked,
  };
}
