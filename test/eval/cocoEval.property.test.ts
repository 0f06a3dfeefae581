import { expect, it } from 'vitest';
import { evaluateCoco } from '../../src/eval/cocoEval.js';
import { Random } from '../../src/random.js';
import { literalCocoEval } from './literalCocoEval.js';
import { randomCase } from './randomCase.js';

it('3000 random cases: precision, recall and scores equal the literal implementation, bit for bit', () => {
  const random = new Random(20260101);
  for (let i = 0; i < 3000; i++) {
    const example = randomCase(random.fork(i));
    const literal = literalCocoEval(example);
    const groundTruth = {
      images: example.images.map((id) => ({ id })),
      categories: example.categories.map((id) => ({ id, name: `c${id}` })),
      annotations: example.truths.map((truth, id) => ({ id, ...truth })),
    };
    const { curves } = evaluateCoco(groundTruth, example.detections, {
      maxDets: example.maxDets,
      useCats: example.useCats,
    });
    for (const name of ['precision', 'recall', 'scores'] as const) {
      const expected = literal[name];
      if (Buffer.compare(bytes(expected), bytes(curves[name])) !== 0) {
        expect({ case: i, [name]: curves[name] }).toEqual({ case: i, [name]: expected });
      }
    }
  }
});

function bytes(values: Float64Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
