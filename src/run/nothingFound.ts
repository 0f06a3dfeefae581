/** Says what to look at where training measures that next to nothing is found. */
import { shellWord } from '../formats/shellWord.js';
import type { Metrics, TrainObserver } from '../train/task.js';

/** Below this AP50, nothing has been learnt that counts. */
const nothing = 0.005;
/** The measurement in a row at which it speaks: the first one is often early. */
const spokenAt = 2;

export interface NothingFoundFacts {
  /** Of the run's config. */
  readonly configFile: string;
  readonly learningRate: number;
  /** Boxes to learn from, and those that no anchor can learn; null for a head without anchors. */
  readonly boxes: number;
  readonly beyondAnchors: number | null;
}

/** Hears measurements, and warns once. */
export function watchForNothing(
  facts: () => NothingFoundFacts,
  onWarning: (message: string) => void,
): Pick<TrainObserver, 'onEvaluated'> {
  let inRow = 0;
  return {
    onEvaluated(_epoch: number, { AP50 }: Metrics) {
      inRow = typeof AP50 === 'number' && AP50 < nothing ? inRow + 1 : 0;
      if (inRow === spokenAt) onWarning(adviceFor(facts()));
    },
  };
}

export function adviceFor({ configFile, learningRate, boxes, beyondAnchors }: NothingFoundFacts): string {
  const anchors =
    beyondAnchors === null
      ? []
      : [
          beyondAnchors > boxes / 20
            ? `anchors: ${beyondAnchors} of ${boxes} boxes are out of reach of all of them (model.head.anchors, or a larger data.shortSide)`
            : `anchors reach all but ${beyondAnchors} of ${boxes} boxes: they are not the reason`,
        ];
  return [
    'next to nothing is found at the second measurement in a row. What to look at:',
    `  labels: are boxes where the objects are? "cmtdet data preview ${shellWord(configFile)} --out sheets" draws what is learnt from`,
    ...anchors.map((line) => `  ${line}`),
    `  learning rate: ${learningRate}; where the loss falls slowly try three times as much, where it jumps a third`,
    '  patience: without pretrained weights some hundred steps go by before anything is found',
  ].join('\n');
}
