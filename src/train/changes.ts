/** What is different in a run that goes on from what it was before, and what of it may be. */
import { Config } from '../config/schema.js';
import type { StateHeader } from './state.js';
import type { Task } from './task.js';

export interface Change {
  /** Key of the config (`train.epochs`), or what of the data. */
  readonly at: string;
  readonly before: string;
  readonly now: string;
  readonly allowed: 'always' | 'when asked' | 'never';
}

/** What a run is, as far as a state knows it. */
export type RunIdentity = Pick<StateHeader, 'config' | 'identity'>;

/** What a state will say of a run, so that one that goes on from it can tell what is different. @param workers that share each update */
export function runIdentity(
  task: Pick<Task<unknown>, 'identity' | 'batchSize'>,
  config: Config,
  workers = 1,
): RunIdentity {
  const pictures = task.batchSize * config.train.accumulate * workers;
  const words = { 'pictures of an update (batchSize × accumulate × workers)': String(pictures) };
  return { config, identity: { ...task.identity, ...words } };
}

/** Keys, and beginnings of keys, that change no step, or only how many there are. Where data lies may change: what they hold may not. */
const free = [
  'train.epochs',
  'train.batchSize', // workers may share an update otherwise; the pictures of an update may not change
  'train.workerTimeout',
  'train.maxSteps',
  'train.maxMinutes',
  'train.logEvery',
  'train.stallMinutes',
  'train.validationLoss',
  'train.earlyStopping',
  'train.preciseBn',
  'train.tensorboard',
  'train.evaluateEvery',
  'train.checkpointEvery',
  'train.checkpointMinutes',
  'train.keep',
  'train.report',
  'train.onNonFinite',
  'train.recomputeStages',
  'data.workers',
  'data.prefetch',
  'data.cache',
  'data.cacheGiB',
  'data.onBroken',
  'data.missing',
  'data.train',
  'data.val',
  'data.valLabels',
  'inference',
  'engine.threads',
  'engine.fuse',
  'engine.memoryGrowth',
];

/** What decides how it learns, and can still be chosen anew in the middle. */
const askedFor = ['train.optimizer', 'train.schedule', 'train.clipNorm', 'engine', 'val data'];

/** Kinds of things whose change leaves a state that does not fit. */
const never = ['train.optimizer.name'];

/**
 * Every difference of two parts of a run.
 *
 * @param before of the state. One that was written before configs were kept tells less.
 */
export function changesOf(before: RunIdentity, now: RunIdentity): Change[] {
  const words = before.config === null ? ofEarlierVersion(before.identity) : before.identity;
  const pairs = [
    ...differences(words, now.identity),
    ...(before.config === null ? [] : differences(flatten(withDefaults(before.config)), flatten(now.config ?? {}))),
  ];
  return pairs.map((pair) => ({ ...pair, allowed: allowedAt(pair.at) }));
}

/** A config is held by its keys now, and a network by the shapes of its tensors. */
function ofEarlierVersion({ model: _, ...words }: StateHeader['identity']): StateHeader['identity'] {
  return words;
}

function allowedAt(at: string): Change['allowed'] {
  const isOf = (list: readonly string[]) => list.some((key) => at === key || at.startsWith(`${key}.`));
  if (isOf(never)) return 'never';
  if (isOf(free)) return 'always';
  return isOf(askedFor) ? 'when asked' : 'never';
}

/** Keys that have come since the config was written have the values that they have when nothing is said. */
function withDefaults(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Config.safeParse(config).data ?? config;
}

/** Of names that both know. */
function* differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Generator<Omit<Change, 'allowed'>> {
  for (const [at, value] of Object.entries(now)) {
    const was = before[at];
    if (was !== undefined && was !== value) yield { at, before: was, now: value };
  }
}

/** Values by the paths of their keys, as JSON. */
export function flatten(value: Readonly<Record<string, unknown>>, prefix = ''): Record<string, string> {
  const entries = Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.entries(flatten(inner as Record<string, unknown>, `${prefix}${key}.`))
      : [[`${prefix}${key}`, JSON.stringify(inner)] as const],
  );
  return Object.fromEntries(entries);
}
