/** What of a config's work TensorFlow would do on a GPU: found out without one. */
import type { Config } from '../config/schema.js';
import { dataTypeName } from '../tensorflow/binding.js';
import { gpuKernelsVersion } from '../tensorflow/gpuKernels.js';
import { type Copy, type Place, type PlacedOperation, type Placement, placeOnGpu } from '../tensorflow/placement.js';
import { inferenceWorkload, trainingWorkload } from '../train/workload.js';
import { type InputSize, inputSizeOf, modelOfConfig } from './namedModel.js';

/** Operations of one kind and type that go to one place. */
export interface PlacedKind {
  readonly type: string;
  /** Types of its results, `float32`. */
  readonly results: readonly string[];
  readonly count: number;
  readonly place: Place;
  /** Whether the host has to wait for the card's results before it can compute these. */
  readonly waits: boolean;
  readonly xla: boolean;
  /** Why it is not on the card, or why XLA does not compile it; empty where it is and does, and where nobody has said so. */
  readonly reasons: readonly string[];
}

/** Values of one kind that cross between the card and the host. */
export interface CopiedKind extends Pick<Copy, 'to' | 'producer' | 'consumers'> {
  readonly type: string;
  readonly count: number;
  readonly bytes: number;
  /** Neither what the caller gives, nor what it gets: the card's work and the host's wait for each other here. */
  readonly midway: boolean;
  /** Why it stays; empty where nobody has said so. */
  readonly reason: string;
}

/** Of a training step, or of inference. */
export interface WorkPlacement {
  readonly work: 'train' | 'inference';
  readonly batch: number;
  readonly inputSize: InputSize;
  /** Most frequent first. */
  readonly operations: readonly PlacedKind[];
  readonly copies: readonly CopiedKind[];
  /** Kinds off the card or out of XLA, and copies to the host midway, for which there is no reason. */
  readonly unexplained: number;
  /** Results whose shape is not known before a run; XLA needs them all. */
  readonly unknownShapes: number;
}

export interface PlacementReport {
  /** Of TensorFlow, whose CUDA build was asked for its kernels. */
  readonly tensorflow: string;
  readonly works: readonly WorkPlacement[];
}

/** What stays off the card, or out of XLA, on purpose. */
const reasons: Readonly<Record<string, string>> = {
  VarHandleOp: 'names a variable, and computes nothing',
  Switch: 'hands its input on or not, and computes nothing: leaves out the update of a step that is not finite',
};
const integersOnHost = '32-bit integers: TensorFlow computes with them on the host; all follow from what is fed';
const midwayReasons: Readonly<Record<string, string>> = {
  Switch: 'whether the step is finite decides on the update: one byte',
};
/** Results that only the same operation's gradient reads, in a form that TensorFlow does not tell. */
const workspaces: readonly string[] = ['FusedBatchNormV3'];

/** Traces a config's training step and its inference, as a GPU would be given them. Nothing is computed. */
export async function placement(config: Config): Promise<PlacementReport> {
  const { engine, train } = config;
  const onGpu = { ...config, engine: { ...engine, fuse: engine.fuse === 'auto' ? ('none' as const) : engine.fuse } };
  const model = modelOfConfig('', config);
  const [height, width] = inputSizeOf(model);
  const batch = train.batchSize;
  const works = [];
  for (const [work, make] of [
    ['train', trainingWorkload],
    ['inference', inferenceWorkload],
  ] as const) {
    const workload = make(onGpu, model.classes, { batch, height, width });
    try {
      const found = summarisePlacement(placeOnGpu(await workload.plan()));
      works.push({ work, batch, inputSize: [height, width] as const, ...found });
    } finally {
      await workload.dispose();
    }
  }
  return { tensorflow: gpuKernelsVersion, works };
}

/** Counts by kind, with the reasons that are known. */
export function summarisePlacement({
  operations,
  copies,
}: Placement): Pick<WorkPlacement, 'operations' | 'copies' | 'unexplained' | 'unknownShapes'> {
  const kinds = grouped(operations, (entry) => JSON.stringify([...kindOf(entry), entry.waits]), toKind);
  const copied = grouped(
    copies,
    ({ to, producer, consumers, dtype }) => [to, producer, dtype, ...consumers].join(),
    toCopied,
  );
  const kindsLeft = kinds.filter(({ place, xla, reasons }) => (place !== 'GPU' || !xla) && reasons.length === 0);
  const copiesLeft = copied.filter(({ midway, reason }) => midway && reason === '');
  const unknown = operations.filter(
    ({ operation: { type, outputs } }) =>
      !workspaces.includes(type) && outputs.some(({ shape }) => shape === undefined),
  );
  return {
    operations: kinds.sort((a, b) => b.count - a.count),
    copies: copied,
    unexplained: kindsLeft.length + copiesLeft.length,
    unknownShapes: unknown.length,
  };
}

const kindOf = ({ operation: { type, outputs }, place }: PlacedOperation) => [
  type,
  place,
  ...outputs.map(({ dtype }) => dtype),
];

function toKind(members: readonly PlacedOperation[]): PlacedKind {
  const { operation, place, xla, waits } = members[0]!;
  const known = reasons[operation.type];
  const onHost = place === 'host' && !waits ? [integersOnHost] : [];
  return {
    type: operation.type,
    results: operation.outputs.map(({ dtype }) => dataTypeName(dtype)),
    count: members.length,
    place,
    waits,
    xla,
    reasons: (place !== 'GPU' || !xla) && known !== undefined ? [known] : onHost,
  };
}

function toCopied(members: readonly Copy[]): CopiedKind {
  const { to, producer, consumers, dtype } = members[0]!;
  const midway = to === 'host' ? consumers.some((consumer) => consumer !== 'result') : false;
  return {
    to,
    producer,
    consumers,
    type: dataTypeName(dtype),
    count: members.length,
    bytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
    midway,
    reason: midway
      ? (consumers.map((consumer) => midwayReasons[consumer] ?? '').find((text) => text !== '') ?? '')
      : '',
  };
}

/** One result for the members of each group, in order of first appearance. */
function grouped<T, R>(all: readonly T[], keyOf: (entry: T) => string, make: (members: readonly T[]) => R): R[] {
  const groups = new Map<string, T[]>();
  for (const entry of all) {
    const key = keyOf(entry);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].map(make);
}
