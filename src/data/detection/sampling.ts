import type { Random } from '../../random.js';
import type { DetectionRecord } from './dataset.js';

/** Which pictures make an epoch, as indices of records, in order. */
export type Sampler = (epoch: Random) => Uint32Array;

/**
 * Pictures of rare classes several times an epoch.
 *
 * A class in a share f of the pictures repeats them max(1, √(threshold ÷ f)) times, a picture by its rarest class; the fraction of
 * a repetition comes by chance, anew each epoch. Pictures without boxes come once.
 *
 * Source: Gupta et al., "LVIS" (2019), appendix B ("repeat factor sampling"); detectron2's `RepeatFactorTrainingSampler`.
 */
export function sampleByRepeatFactor(records: readonly DetectionRecord[], threshold: number): Sampler {
  const factors = repeatFactors(records, threshold);
  return (random) => {
    const indices: number[] = [];
    for (const [index, factor] of factors.entries()) {
      const times = Math.floor(factor) + (random.bool(factor % 1) ? 1 : 0);
      for (let i = 0; i < times; i++) indices.push(index);
    }
    return random.shuffle(Uint32Array.from(indices));
  };
}

/** [records] how often each picture comes in an epoch, on average. */
export function repeatFactors(records: readonly DetectionRecord[], threshold: number): Float64Array {
  const byLabel = recordsByLabel(records);
  const factors = new Float64Array(records.length).fill(1);
  for (const indices of byLabel.values()) {
    const factor = Math.sqrt(threshold / (indices.length / records.length));
    for (const index of indices) factors[index] = Math.max(factors[index]!, factor);
  }
  return factors;
}

/**
 * As many pictures as there are, each drawn in two steps: a class, each as likely as the others, then a picture that shows it,
 * without coming back before all of its class have come. Pictures without boxes count as one more class.
 */
export function sampleClassBalanced(records: readonly DetectionRecord[]): Sampler {
  const classes = [...recordsByLabel(records).entries()].sort(([a], [b]) => a - b).map(([, indices]) => indices);
  const without = records.flatMap(({ labels }, index) => (labels.length === 0 ? [index] : []));
  if (without.length > 0) classes.push(without);
  return (random) => {
    const decks = classes.map((indices) => ({ indices: [...indices], next: indices.length }));
    return Uint32Array.from({ length: records.length }, () => {
      const deck = decks[random.int(decks.length)]!;
      if (deck.next === deck.indices.length) {
        random.shuffle(deck.indices);
        deck.next = 0;
      }
      return deck.indices[deck.next++]!;
    });
  };
}

function recordsByLabel(records: readonly DetectionRecord[]): Map<number, number[]> {
  const byLabel = new Map<number, number[]>();
  for (const [index, { labels }] of records.entries()) {
    for (const label of new Set(labels)) {
      const indices = byLabel.get(label);
      if (indices) indices.push(index);
      else byLabel.set(label, [index]);
    }
  }
  return byLabel;
}
