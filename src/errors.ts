/**
 * The errors that cmtdet throws on purpose. Each is a user's problem that a message can solve, so the command line prints
 * the message without a stack; anything else that escapes is our fault and asks for a report.
 */

/** One thing that is wrong: where (`annotations[3].bbox[2]`, `train.optimizer.lr`), and what was expected and found. */
export interface Problem {
  readonly at: string;
  readonly message: string;
}

/** What a process ends with. docs/architecture.md, "Exit codes". */
export const exitCodes = {
  done: 0,
  userProblem: 1,
  usage: 2,
  watchdog: 3,
  internal: 70,
  workerLost: 75,
  interrupted: 130,
} as const;

/** Base of every deliberate error. */
export abstract class CmtdetError extends Error {
  readonly exitCode: number = exitCodes.userProblem;
}

/** Whether a person can do something about it: an error that is thrown on purpose, or one of the operating system. */
export const isForPeople = (error: unknown): error is Error =>
  error instanceof CmtdetError || (error as { code?: unknown }).code !== undefined;

/** An error that lists every problem of one file (or other source) at once. */
abstract class SourceError extends CmtdetError {
  /** @param hint what to do, in one sentence, when it is not plain from the problems */
  constructor(
    readonly source: string,
    readonly problems: readonly Problem[],
    hint?: string,
  ) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const lines = problems.slice(0, maxListed).map(({ at, message }) => `  ${at}: ${message}`);
    if (problems.length > maxListed) lines.push(`  ... and ${problems.length - maxListed} more`);
    super([`${source}: ${count}`, ...lines, ...(hint ? [hint] : [])].join('\n'));
  }
}

/** Problems printed in full; the rest are counted. All of them stay in `problems`. */
const maxListed = 50;

/** A config file, or a `--set`, that does not say what it must. */
export class ConfigError extends SourceError {
  override readonly name = 'ConfigError';
}

/** Annotations, results, folders or labels that cannot be used as they are. */
export class DatasetError extends SourceError {
  override readonly name = 'DatasetError';
}

/** A checkpoint that is damaged, of another model, or no checkpoint. */
export class CheckpointError extends SourceError {
  override readonly name = 'CheckpointError';
}

/** A picture that cannot be read. */
export class ImageError extends CmtdetError {
  override readonly name = 'ImageError';

  constructor(
    readonly file: string,
    readonly reason: string,
  ) {
    super(`${file}: ${reason}`);
  }
}

/** TensorFlow is missing, or refused an operation. */
export class EngineError extends CmtdetError {
  override readonly name = 'EngineError';

  /** @param op the TensorFlow operation, where there was one */
  constructor(
    message: string,
    readonly op?: string,
    readonly shapes: readonly (readonly number[])[] = [],
  ) {
    super(op ? `${op}(${shapes.map((shape) => `[${shape.join(', ')}]`).join(', ')}): ${message}` : message);
  }
}

/** A model that cannot be written in the form that was asked for. */
export class ExportError extends CmtdetError {
  override readonly name = 'ExportError';
}

/** A command called with arguments that make no sense together. */
export class UsageError extends CmtdetError {
  override readonly name = 'UsageError';
  override readonly exitCode = exitCodes.usage;
}

/** Training ended because a value stopped being finite. */
export class NonFiniteError extends CmtdetError {
  override readonly name = 'NonFiniteError';
  override readonly exitCode = exitCodes.watchdog;
}

/** The user pressed Ctrl-C (or the process was asked to end); of training, the state is saved. */
export class InterruptedError extends CmtdetError {
  override readonly name = 'InterruptedError';
  override readonly exitCode = exitCodes.interrupted;
}

/** The workers of a training run cannot be what the environment says: a wrong `TF_CONFIG`, an address that is in use. */
export class ClusterError extends CmtdetError {
  override readonly name = 'ClusterError';
}

/** A server cannot listen where it should: the port is in use or may not be used, or the host is none of this machine. */
export class AddressError extends CmtdetError {
  override readonly name = 'AddressError';
}

/** Another worker of the run is gone, hangs, or did not come in time. Nothing is wrong with this one. */
export class WorkerLostError extends CmtdetError {
  override readonly name = 'WorkerLostError';
  override readonly exitCode = exitCodes.workerLost;
}

/** A launched run failed; the code is that of the worker that failed first. */
export class LaunchError extends CmtdetError {
  override readonly name = 'LaunchError';

  constructor(
    message: string,
    override readonly exitCode: number,
  ) {
    super(message);
  }
}
