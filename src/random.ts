/**
 * Seeded random numbers, passed to whatever needs them; nothing in cmtdet calls `Math.random`.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, period about 2^127, passes BigCrush.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    // splitmix32 spreads neighbouring seeds over the state.
    let h = Math.trunc(seed) ^ Math.floor(seed / 2 ** 32);
    const word = () => {
      h = (h + 0x9e3779b9) | 0;
      let z = h ^ (h >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = word();
    this.#b = word();
    this.#c = word();
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** An independent stream for a part of the work, for instance one epoch, one image, or one layer. Does not advance this one. */
  fork(...path: number[]): Random {
    let seed = this.#seed;
    for (const step of path)
      seed = (Math.imul(seed ^ 0x5bd1e995, 0x01000193) + Math.imul(step + 0x7f4a7c15, 0x85ebca6b)) >>> 0;
    return new Random(seed);
  }

  /** Uniform in 0 .. 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1), 53 bits. */
  next(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number in 0 .. n - 1. */
  int(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** True with probability p. */
  bool(p = 0.5): boolean {
    return this.next() < p;
  }

  /** Normal, by the Box-Muller transform (Box and Muller, 1958). */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next());
  }

  /** Gamma(shape, 1): Marsaglia and Tsang (2000), "A simple method for generating gamma variables". */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.next()) ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const x = this.normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - this.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** Beta(a, b), as a ratio of gammas. */
  beta(a: number, b: number): number {
    const x = this.gamma(a);
    return x / (x + this.gamma(b));
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  /** 0 .. n - 1 in random order. */
  permutation(n: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: n }, (_, i) => i));
  }
}
