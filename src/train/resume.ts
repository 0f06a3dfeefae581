/** How a run goes on: from which state, and with what that is not as it was. */
import type { Config } from '../config/schema.js';
import { CheckpointError } from '../errors.js';
import { type Change, changesOf, type RunIdentity } from './changes.js';
import type { Checkpoints } from './checkpoints.js';
import type { RunFolder } from './runFolder.js';
import type { Progress } from './state.js';

export interface ResumeOptions {
  /** null on workers that write nothing. */
  readonly run: RunFolder | null;
  readonly checkpoints: Checkpoints;
  readonly config: Config;
  readonly identity: RunIdentity;
  /** Whether changes of how it learns (learning rate, schedule, precision, val data) are wanted. */
  readonly acceptChanges: boolean;
  readonly onWarning: (message: string) => void;
}

/**
 * Puts the newest whole state into the session, and the present config into the folder.
 *
 * @throws CheckpointError when no state is whole, or what must not change has changed
 */
export async function resume(options: ResumeOptions): Promise<{ progress: Progress; changes: readonly Change[] }> {
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
