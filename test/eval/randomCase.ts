import type { Random } from '../../src/random.js';
import type { Case, Detection, Truth } from './literalCocoEval.js';

/** A small case full of what decides bits: ties of scores and overlaps, crowds, flat boxes, empty images and categories. */
export function randomCase(random: Random): Case {
  const pick = <X>(items: readonly X[]): X => items[random.int(items.length)]!;
  const count = (most: number) => random.int(most + 1);
  const images = Array.from({ length: 1 + count(3) }, (_, i) => 10 * (i + 1) + random.int(10));
  const categories = Array.from({ length: 1 + count(2) }, (_, i) => 5 * i + random.int(5));
  random.shuffle(images);
  random.shuffle(categories);
  const coarse = random.bool(); // a coarse grid makes equal overlaps and equal areas
  const side = () => (coarse ? pick([0, 8, 16, 32, 96, 100]) : Math.round(random.uniform(0, 120) * 100) / 100);
  const place = () => (coarse ? pick([0, 4, 8, 16, 50]) : Math.round(random.uniform(0, 60) * 100) / 100);
  const box = () => [place(), place(), side(), side()];
  const truths: Truth[] = Array.from({ length: count(8) }, () => {
    const bbox = box();
    const area = bbox[2]! * bbox[3]!;
    return {
      image_id: pick(images),
      category_id: pick(categories),
      bbox,
      area: random.bool(0.7) ? area : area * random.uniform(0.3, 1),
      iscrowd: random.bool(0.15) ? 1 : 0,
    };
  });
  const jitter = () => (random.bool(0.4) ? 0 : random.normal(0, pick([1, 5, 20])));
  const detections: Detection[] = Array.from({ length: count(20) }, () => {
    const near = truths.length > 0 && random.bool(0.7) ? pick(truths) : undefined;
    return {
      image_id: near?.image_id ?? pick(images),
      category_id: near && random.bool(0.85) ? near.category_id : pick(categories),
      bbox: near ? near.bbox.map((value) => value + jitter()) : box(),
      score: random.bool() ? pick([0.1, 0.5, 0.9]) : random.next(),
    };
  });
  return {
    images,
    categories,
    truths,
    detections,
    maxDets: pick([[1, 10, 100], [1, 2, 3], [100], [3, 1]]),
    areaRanges: [
      [0, 1e10],
      [0, 1024],
      [1024, 9216],
      [9216, 1e10],
    ],
    useCats: random.bool(0.8),
  };
}
