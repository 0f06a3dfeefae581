import type { Size } from '../../geometry/size.js';

/** What follows from an input size, made once for each. There are few sizes: batches come in few shapes. */
export class SizeCache<T> {
  readonly #made = new Map<string, T>();

  constructor(readonly make: (size: Size) => T) {}

  of({ height, width }: Size): T {
    const key = `${height}x${width}`;
    let value = this.#made.get(key);
    if (value === undefined) {
      value = this.make({ height, width });
      this.#made.set(key, value);
    }
    return value;
  }
}
