/** Who takes part in a case, and how each is started. */
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './cases.js';
import type { Job, JobLimits } from './job.js';

export interface Contender {
  readonly name: string;
  /** `pytorch` makes up the ratio; the others are for comparison. */
  readonly family: 'cmtdet' | 'pytorch' | 'onnxruntime' | 'reference';
  readonly command: string;
  readonly args: readonly string[];
  readonly limits: JobLimits;
}

export interface ContenderOptions {
  /** Interpreter with the peers' packages. */
  readonly python: string;
  /** With torch.compile, which takes minutes and a C++ compiler. */
  readonly compile: boolean;
  /** For one process of torch.compile. */
  readonly compileSeconds: number;
}

const seconds = 900;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Starts a measurement of cmtdet from its sources. */
export const oursCommand = (job: Job): Pick<Contender, 'command' | 'args'> => ({
  command: process.execPath,
  args: ['--import', 'tsx', here('./ours.ts'), JSON.stringify(job)],
});

export function contendersOf({ job, reference }: BenchCase, options: ContenderOptions): Contender[] {
  const { python, compile, compileSeconds } = options;
  const peer = (name: string, family: Contender['family'], mode: string, own: Job = job): Contender => ({
    name,
    family,
    command: python,
    args: [here('./pytorch/measure.py'), JSON.stringify(own), mode],
    limits: { seconds: mode === 'compile' || mode === 'frozen' ? compileSeconds : seconds },
  });
  const forward = job.mode === 'forward';
  return [
    { name: 'cmtdet', family: 'cmtdet', ...oursCommand(job), limits: { seconds } },
    peer('PyTorch', 'pytorch', 'default'),
    peer('PyTorch, channels last', 'pytorch', 'channels_last'),
    ...(compile ? [peer('torch.compile', 'pytorch', 'compile')] : []),
    ...(compile && forward ? [peer('torch.compile, frozen weights', 'pytorch', 'frozen')] : []),
    ...(forward ? [peer('onnxruntime', 'onnxruntime', 'onnxruntime')] : []),
    ...(reference === null
      ? []
      : ['default', 'channels_last'].map((mode) =>
          peer(`${reference}${mode === 'default' ? '' : ', channels last'}`, 'reference', mode, {
            ...job,
            network: reference,
          }),
        )),
  ];
}
