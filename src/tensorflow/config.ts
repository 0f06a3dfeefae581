/** TensorFlow's settings: the few fields of `ConfigProto` that cmtdet sets, as the bytes that the C API takes. */
import protobuf from 'protobufjs';

export interface EngineOptions {
  /** Threads of one operation and of operations side by side. @default the machine's cores */
  readonly threads?: number;
  /** Threads of one operation, where they are fewer. @default `threads` */
  readonly operationThreads?: number;
  /** Compile the whole graph with XLA. For GPUs; several times slower on a CPU for this network. @default false */
  readonly xla?: boolean;
  /** Compute in a shorter float where TensorFlow's rewriter finds it safe; weights stay float32. @default 'none' */
  readonly mixedPrecision?: 'none' | 'bfloat16' | 'float16';
  /**
   * Compile chains of element-wise operations (`fuse.ts`), however small; everything else stays with TensorFlow's kernels.
   * @default chains over large tensors on CPUs, none with a GPU or `xla`
   */
  readonly fuse?: boolean;
  /**
   * Rewrite graphs before the first run: folds, fuses, prunes. Takes a second for a network, and makes its runs a tenth faster.
   * @default true
   */
  readonly optimize?: boolean;
  /** Take GPU memory as needed instead of all at the start. @default true */
  readonly memoryGrowth?: boolean;
  /**
   * Graphs that are kept, of all functions together: one a set of input shapes. Where another one is needed, all are given up, and
   * those that are still in use are made again: a shape takes about 20 MB. @default 16
   */
  readonly maxTraces?: number;
}

export const defaultMaxTraces = 16;

// Field names and numbers: tensorflow/core/protobuf/config.proto and rewriter_config.proto, TensorFlow 2.21.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message RewriterConfig {
    enum Toggle { DEFAULT = 0; ON = 1; OFF = 2; AGGRESSIVE = 3; }
    enum NumIterationsType { DEFAULT_NUM_ITERS = 0; ONE = 1; TWO = 2; }
    NumIterationsType meta_optimizer_iterations = 12;
    bool disable_meta_optimizer = 19;
    Toggle auto_mixed_precision = 23;
    Toggle auto_mixed_precision_onednn_bfloat16 = 31;
  }
  message OptimizerOptions {
    enum GlobalJitLevel { DEFAULT = 0; OFF = -1; ON_1 = 1; ON_2 = 2; }
    GlobalJitLevel global_jit_level = 5;
  }
  message GraphOptions { OptimizerOptions optimizer_options = 3; RewriterConfig rewrite_options = 10; }
  message GPUOptions { bool allow_growth = 4; }
  message Experimental { string collective_group_leader = 1; }
  message ConfigProto {
    map<string, int32> device_count = 1;
    int32 intra_op_parallelism_threads = 2;
    repeated string device_filters = 4;
    int32 inter_op_parallelism_threads = 5;
    bool use_per_session_threads = 9;
    GPUOptions gpu_options = 6;
    bool allow_soft_placement = 7;
    GraphOptions graph_options = 10;
    Experimental experimental = 16;
  }
`);
const configProto = root.lookupType('ConfigProto');

/** Of processes that compute together over TensorFlow's gRPC runtime, this one. */
export interface Membership {
  /** Name of this process in the cluster: `/job:worker/replica:0/task:1`. */
  readonly task: string;
  /** Name of the process that leads collective operations. */
  readonly leader: string;
}

/** A serialised `ConfigProto`. A member's session sees its own devices alone: data goes between processes in collectives. */
export function encodeConfig(
  { threads, operationThreads = threads, xla, mixedPrecision, memoryGrowth, optimize }: EngineOptions,
  member?: Membership,
): Uint8Array {
  const message = configProto.fromObject({
    allowSoftPlacement: true,
    gpuOptions: { allowGrowth: memoryGrowth ?? true },
    ...(operationThreads === undefined ? {} : { intraOpParallelismThreads: operationThreads }),
    ...(threads === undefined ? {} : { interOpParallelismThreads: threads }),
    usePerSessionThreads: member === undefined, // as withOwnThreads; a server has threads of its own, and refuses it
    ...(member && { deviceFilters: [member.task], experimental: { collectiveGroupLeader: member.leader } }),
    graphOptions: {
      ...(xla ? { optimizerOptions: { globalJitLevel: 'ON_2' } } : {}),
      rewriteOptions: {
        disableMetaOptimizer: optimize === false,
        metaOptimizerIterations: 'ONE', // a second round takes half a second a trace, and gains nothing that can be measured
        ...(mixedPrecision === 'float16' ? { autoMixedPrecision: 'ON' } : {}),
        ...(mixedPrecision === 'bfloat16' ? { autoMixedPrecisionOnednnBfloat16: 'ON' } : {}),
      },
    },
  });
  return configProto.encode(message).finish();
}

/** A `ConfigProto` for a session that computes in the thread that calls it, on the CPU, and starts no thread of its own. */
export function encodeCallerThreadConfig(): Uint8Array {
  const message = { intraOpParallelismThreads: 1, interOpParallelismThreads: -1, deviceCount: { GPU: 0 } };
  return configProto.encode(configProto.fromObject(message)).finish();
}
