/** How a run starts: with its first step, or from a state and with what is not as it was. */
import type { Config } from '../config/schema.js';
import { CheckpointError } from '../errors.js';
import type { Program } from '../tensorflow/program.js';
import { type Change, changesOf, type RunIdentity } from './changes.js';
import type { Checkpoints } from './checkpoints.js';
import { writeHistory } from './history.js';
import type { RunFolder } from './runFolder.js';
import { type Progress, startOfRun } from './state.js';
import type { Metrics } from './task.js';

export interface StartOptions {
  /** null on workers that write nothing. */
  readonly run: RunFolder | null;
  readonly checkpoints: Checkpoints;
  readonly program: Program;
  readonly config: Config;
  readonly identity: RunIdentity;
  /** Goes on from the state in the run folder, if there is one. */
  readonly resume: boolean;
  /** Whether changes of how it learns (learning rate, schedule, precision, val data) are wanted. */
  readonly acceptChanges: boolean;
  readonly onWarning: (message: string) => void;
}

export interface RunStart {
  /** Whether nothing is saved of the run yet. */
  readonly isNew: boolean;
  readonly progress: Progress;
  /** What was measured so far, oldest first. */
  readonly measured: readonly Metrics[];
  /** Whether the present weights have been measured, where that was due. */
  readonly isMeasured: boolean;
}

/**
 * Puts the first weights, or the newest whole state, into the session; the logs then end where the run goes on.
 *
 * @throws CheckpointError when no state is whole, or what must not change has changed
 */
export async function startRun(options: StartOptions): Promise<RunStart> {
  const { checkpoints, resume, onWarning } = options;
  if (resume && (await checkpoints.saved()) !== undefined) return goOn(options);
  if (resume) onWarning('nothing had been saved of this run yet: it goes on with the first step');
  return begin(options);
}

async function begin({ run, checkpoints, program, config }: StartOptions): Promise<RunStart> {
  await checkpoints.begin();
  run?.cutLogs(-1, false); // of a run that was killed before its first state
  if (run) writeHistory(run, program, { from: 'beginning', step: 0, seed: config.train.seed, changes: [] });
  return { isNew: true, progress: startOfRun, measured: [], isMeasured: false };
}

async function goOn(options: StartOptions): Promise<RunStart> {
  const { run, checkpoints, program, config } = options;
  const { progress, changes } = await restore(options);
  const isMeasured = await checkpoints.isMeasured(progress);
  const { updates: step } = progress;
  if (run !== null) {
    run.cutLogs(step, isMeasured);
    writeHistory(run, program, { from: 'state', step, seed: config.train.seed, changes });
  }
  return { isNew: false, progress, measured: await checkpoints.measurements(), isMeasured };
}

/** Puts the newest whole state into the session, and the present config into the folder. */
async function restore(options: StartOptions): Promise<{ progress: Progress; changes: readonly Change[] }> {
  const { run, checkpoints, config, identity, acceptChanges, onWarning } = options;
  checkpoints.putDamagedAside();
  let changes: readonly Change[] = [];
  const progress = await checkpoints.restore(({ header, path }) => {
    changes = changesOf(header, identity);
    refuse(changes, path, acceptChanges);
  });
  if (changes.length > 0) onWarning(`the run goes on with what is not as it was:\n${changes.map(inWords).join('\n')}`);
  await run?.writeConfig(config);
  return { progress, changes };
}

function refuse(changes: readonly Change[], path: string, acceptChanges: boolean): void {
  const refused = changes.filter(({ allowed }) => allowed === 'never' || (allowed === 'when asked' && !acceptChanges));
  if (refused.length === 0) return;
  const onlyAskedFor = refused.every(({ allowed }) => allowed === 'when asked');
  const problems = refused.map(({ at, before, now }) => ({
    at,
    message: `the run began with ${before}, now it is ${now}`,
  }));
  const hint = onlyAskedFor
    ? 'To go on with this all the same: --accept-changes.'
    : 'A run goes on with what it began with; for something new begin a new run (--init-from takes the weights along).';
  throw new CheckpointError(path, problems, hint);
}

const inWords = ({ at, before, now }: Change): string => `  ${at}: ${now} (before: ${before})`;
