/** What `npm run bench` measures. */
import type { Job } from './job.js';

export interface BenchCase {
  readonly name: string;
  readonly job: Job;
  /** Another network that people know, in PyTorch, at the same batch and size; it has no part in the ratio. */
  readonly reference: 'resnet50' | 'retinanet_resnet50' | null;
}

const square = (side: number) => ({ height: side, width: side });

const classifiers = [
  { network: 'cmt_s', side: 224, steps: { train: 6, forward: 12 }, reference: 'resnet50' },
  { network: 'cmt_ti', side: 160, steps: { train: 12, forward: 30 }, reference: null },
] as const;

const modes = ['train', 'forward'] as const;

export const cases: readonly BenchCase[] = [
  ...classifiers.flatMap(({ network, side, steps, reference }) =>
    modes.map((mode) => ({
      name: `${network}/${mode}`,
      job: { network, mode, batch: 8, ...square(side), warmUp: 2, steps: steps[mode] },
      reference: mode === 'forward' ? reference : null,
    })),
  ),
  {
    name: 'cmt_s/forward_128',
    job: { network: 'cmt_s', mode: 'forward', batch: 128, ...square(224), warmUp: 1, steps: 2 },
    reference: 'resnet50',
  },
  ...modes.map((mode) => ({
    name: `retinanet_cmt_s/${mode}`,
    job: { network: 'retinanet_cmt_s', mode, batch: 2, ...square(512), warmUp: 2, steps: mode === 'train' ? 4 : 8 },
    reference: 'retinanet_resnet50' as const,
  })),
];

/** Two cases of ours whose time for one picture is compared: the second should not be slower. */
export const perPicture = [['cmt_s/forward', 'cmt_s/forward_128']] as const;
