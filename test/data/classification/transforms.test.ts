import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import {
  type EvaluationTransform,
  evaluationView,
  halfToEven,
  resizedShortSide,
  type TrainTransform,
  trainView,
} from '../../../src/data/classification/transforms.js';
import { Random } from '../../../src/random.js';
import { digest, noiseImage } from '../../support/images.js';

describe('evaluationView', () => {
  const transform: EvaluationTransform = { size: 32, interpolation: 'bicubic', cropFraction: 0.875 }; // short side 36

  // Digests of Pillow 11.3.0: resize to the short side as torchvision, crop at int(round((side - 32) / 2.)).
  it.each([
    ['wide, to 48 x 36', 50, 37, 'bicubic', '7cdd8d5f162e'],
    ['high, to 36 x 48', 37, 50, 'bicubic', 'dc46dfc59cb9'],
    ['smaller than the input, to 36 x 36', 20, 20, 'bicubic', 'e11e9b00c8de'],
    ['short side equal, so not resized', 64, 36, 'bicubic', 'a57090de0ff1'],
    ['71 columns: 39 too many, half of them to the even 20', 71, 36, 'bilinear', '6e08dd657bf8'],
  ] as const)('%s, as Pillow', (_, width, height, interpolation, expected) => {
    const view = evaluationView(noiseImage(width, height), { ...transform, interpolation });
    expect(view).toMatchObject({ width: 32, height: 32 });
    expect(digest(view)).toBe(expected);
  });

  it.each([
    [160, 182],
    [192, 219],
    [224, 256],
    [256, 292],
  ])('input %i: the authors’ short side int(256 / 224 · size) is %i', (size, short) => {
    expect(Math.trunc(size / 0.875)).toBe(short);
    expect(Math.trunc((256 / 224) * size)).toBe(short);
  });

  it('the long side is cut, not rounded: 640 x 480 to 800 is 1066 wide', () => {
    expect(resizedShortSide({ width: 640, height: 480 }, 800)).toEqual({ width: 1066, height: 800 });
    expect(resizedShortSide({ width: 480, height: 640 }, 800)).toEqual({ width: 800, height: 1066 });
  });

  it("halves as Python's round: 0.5 to 0, 1.5 to 2, 2.5 to 2", () => {
    expect([0, 1, 2, 3, 4, 5, 7].map(halfToEven)).toEqual([0, 0, 1, 2, 2, 2, 4]);
  });
});

describe('trainView', () => {
  const plain: TrainTransform = {
    size: 16,
    interpolation: 'bicubic',
    crop: { scale: [1, 1], ratio: [1, 1] },
    flip: 0,
    randAugment: null,
    colorJitter: 0,
    erasing: { probability: 0, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] },
  };
  const image = noiseImage(16, 16);

  it('with everything off: the picture itself', () => {
    const view = trainView(image, plain, new Random(0));
    expect(view.image.data).toEqual(image.data);
    expect(view.erase).toBeUndefined();
  });

  it('a flip mirrors: the first pixel is the last of its row', () => {
    const view = trainView(image, { ...plain, flip: 1 }, new Random(0));
    expect([...view.image.data.subarray(0, 3)]).toEqual([...image.data.subarray(45, 48)]);
  });

  it('is a function of the random stream', () => {
    const recipe: TrainTransform = {
      ...plain,
      crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
      flip: 0.5,
      randAugment: { magnitude: 9, magnitudeDeviation: 0.5, operations: 2, increasing: true },
      colorJitter: 0.4,
      erasing: { ...plain.erasing, probability: 0.25 },
    };
    const views = [1, 1, 2].map((seed) => digest(trainView(noiseImage(40, 30), recipe, new Random(seed)).image));
    expect(views[0]).toBe(views[1]);
    expect(views[0]).not.toBe(views[2]);
    for (let seed = 0; seed < 50; seed++) {
      expect(trainView(noiseImage(40, 30), recipe, new Random(seed)).image.data).toHaveLength(16 * 16 * 3);
    }
  });
});

describe('configs', () => {
  it("a config's data section is what both views ask for", async () => {
    const config = await loadConfig('configs/pretrain_cmt_s_imagenet.yaml');
    if (config.task !== 'classification') throw new Error(`found a config for ${config.task}`);
    const transforms: TrainTransform & EvaluationTransform = config.data; // fails to compile where keys differ
    expect(evaluationView(noiseImage(300, 280), transforms)).toMatchObject({ width: 224, height: 224 });
    expect(trainView(noiseImage(300, 280), transforms, new Random(0)).image).toMatchObject({ width: 224, height: 224 });
  });
});
