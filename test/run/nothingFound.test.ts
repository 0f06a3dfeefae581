import { expect, it } from 'vitest';
import { adviceFor, watchForNothing } from '../../src/run/nothingFound.js';

const facts = { configFile: 'my.yaml', learningRate: 0.001, boxes: 200, beyondAnchors: 150 };

function warningsOf(...found: (number | null)[]): string[] {
  const warnings: string[] = [];
  const watch = watchForNothing(
    () => facts,
    (message) => warnings.push(message),
  );
  for (const [epoch, AP50] of found.entries()) watch.onEvaluated(epoch, { AP50 }, false);
  return warnings;
}

it('warns once, at the second measurement in a row that finds nothing', () => {
  expect(warningsOf(0, 0.2, 0, 0.3)).toEqual([]);
  expect(warningsOf(0, 0.2, 0.001, 0, 0)).toEqual([adviceFor(facts)]);
});

it('no val boxes: there is nothing to find, and no warning', () => {
  expect(warningsOf(null, null, null)).toEqual([]);
});

it('names the command that shows the labels, boxes out of reach, and the learning rate', () => {
  expect(adviceFor(facts)).toMatchInlineSnapshot(`
    "next to nothing is found at the second measurement in a row. What to look at:
      labels: are boxes where the objects are? "cmtdet data preview my.yaml --out sheets" draws what is learnt from
      anchors: 150 of 200 boxes are out of reach of all of them (model.head.anchors, or a larger data.shortSide)
      learning rate: 0.001; where the loss falls slowly try three times as much, where it jumps a third
      patience: without pretrained weights some hundred steps go by before anything is found"
  `);
  expect(adviceFor({ ...facts, beyondAnchors: 3 })).toContain('reach all but 3 of 200 boxes: they are not the reason');
  expect(adviceFor({ ...facts, beyondAnchors: null })).not.toContain('anchors');
});
