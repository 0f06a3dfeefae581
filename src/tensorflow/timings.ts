/** What TensorFlow records of a run that is traced: each operation's time and memory. */
import protobuf from 'protobufjs';

/** One operation of one run. */
export interface OperationTiming {
  /** Name of the node, as in the graph. */
  readonly name: string;
  /** Its kind: `MatMul`; a fused one tells its parts, `_MklNativeFusedConv2D`. */
  readonly type: string;
  readonly device: string;
  readonly startUs: number;
  readonly durationUs: number;
  /** Of its outputs. */
  readonly bytes: number;
  readonly shape: readonly number[];
}

/** All operations of a kind. */
export interface OperationTotal {
  readonly type: string;
  readonly count: number;
  readonly totalMs: number;
  /** Written by them, in MiB. */
  readonly mebibytes: number;
}

// Field names and numbers: step_stats.proto, tensor_description.proto, allocation_description.proto and config.proto of
// tensorflow/core, TensorFlow 2.21; fields that nobody reads here are left out.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message AllocationDescription { int64 requested_bytes = 1; }
  message Dim { int64 size = 1; }
  message TensorShapeProto { repeated Dim dim = 2; }
  message TensorDescription { TensorShapeProto shape = 2; AllocationDescription allocation_description = 4; }
  message NodeOutput { int32 slot = 1; TensorDescription tensor_description = 3; }
  message NodeExecStats {
    string node_name = 1;
    int64 all_start_micros = 2;
    int64 op_start_rel_micros = 3;
    int64 op_end_rel_micros = 4;
    repeated NodeOutput output = 7;
    string timeline_label = 8;
  }
  message DeviceStepStats { string device = 1; repeated NodeExecStats node_stats = 2; }
  message StepStats { repeated DeviceStepStats dev_stats = 1; }
  message RunMetadata { StepStats step_stats = 1; }
`);
const runMetadata = root.lookupType('RunMetadata');

interface NodeExecStats {
  readonly nodeName: string;
  readonly allStartMicros: number;
  readonly opStartRelMicros: number;
  readonly opEndRelMicros: number;
  readonly timelineLabel: string;
  readonly output: readonly {
    readonly tensorDescription?: {
      readonly shape?: { readonly dim?: readonly { readonly size: number }[] };
      readonly allocationDescription?: { readonly requestedBytes: number };
    };
  }[];
}

interface RunMetadata {
  readonly stepStats?: {
    readonly devStats?: readonly { readonly device: string; readonly nodeStats?: readonly NodeExecStats[] }[];
  };
}

/** `RunOptions { trace_level: FULL_TRACE }`, serialised. */
export const fullTrace = Uint8Array.of(0x08, 0x03);

/** Reads a serialised `RunMetadata`: the operations in order of start, times counted from the first. */
export function readRunMetadata(bytes: Uint8Array): OperationTiming[] {
  const message = runMetadata.toObject(runMetadata.decode(bytes), { longs: Number, defaults: true }) as RunMetadata;
  const operations = (message.stepStats?.devStats ?? []).flatMap(({ device, nodeStats }) =>
    (nodeStats ?? []).map((node) => toTiming(node, device)),
  );
  const origin = Math.min(...operations.map(({ startUs }) => startUs));
  return operations
    .map((operation) => ({ ...operation, startUs: operation.startUs - origin }))
    .sort((a, b) => a.startUs - b.startUs);
}

function toTiming(node: NodeExecStats, device: string): OperationTiming {
  const outputs = node.output.map(({ tensorDescription }) => tensorDescription);
  return {
    name: node.nodeName,
    type: typeOf(node),
    device,
    startUs: node.allStartMicros + node.opStartRelMicros,
    durationUs: node.opEndRelMicros - node.opStartRelMicros,
    bytes: outputs.reduce((sum, output) => sum + (output?.allocationDescription?.requestedBytes ?? 0), 0),
    shape: (outputs[0]?.shape?.dim ?? []).map(({ size }) => size),
  };
}

/** TensorFlow writes the kind into a label, `name = Kind(inputs)`. */
function typeOf({ timelineLabel, nodeName }: NodeExecStats): string {
  const labelled = / = ([\w:]+)\(/.exec(timelineLabel)?.[1];
  return labelled ?? nodeName.replace(/_\d+$/, '');
}

/** Sums by kind, longest first. */
export function totalsByType(operations: readonly OperationTiming[]): OperationTotal[] {
  const groups = new Map<string, OperationTiming[]>();
  for (const operation of operations) {
    const group = groups.get(operation.type);
    if (group === undefined) groups.set(operation.type, [operation]);
    else group.push(operation);
  }
  return [...groups]
    .map(([type, members]) => ({
      type,
      count: members.length,
      totalMs: members.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1000,
      mebibytes: members.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20,
    }))
    .sort((a, b) => b.totalMs - a.totalMs);
}

/**
 * The JSON of Chrome's trace viewer (chrome://tracing, ui.perfetto.dev). TensorFlow leaves the thread open, so operations that
 * run at the same time on a device get rows of their own, as few as there can be.
 *
 * @param operations in order of start
 */
export function toChromeTrace(operations: readonly OperationTiming[]): string {
  const devices = [...new Set(operations.map(({ device }) => device))];
  const names = devices.map((device, pid) => ({ ph: 'M', name: 'process_name', pid, args: { name: device } }));
  const rowEnds = devices.map((): number[] => []);
  const events = operations.map(({ name, type, device, startUs, durationUs, bytes, shape }) => {
    const pid = devices.indexOf(device);
    return {
      ph: 'X',
      name: type,
      pid,
      tid: takeRow(rowEnds[pid]!, startUs, durationUs),
      ts: startUs,
      dur: durationUs,
      args: { node: name, bytes, shape: `[${shape.join(', ')}]` },
    };
  });
  return JSON.stringify({ traceEvents: [...names, ...events] });
}

/** The first row that is free at `startUs`; `ends` is when each becomes free. */
function takeRow(ends: number[], startUs: number, durationUs: number): number {
  const free = ends.findIndex((end) => end <= startUs);
  const row = free === -1 ? ends.length : free;
  ends[row] = startUs + durationUs;
  return row;
}
