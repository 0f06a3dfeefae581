/** TensorFlow's own gRPC server: makes this process one of several that compute together. */
import protobuf from 'protobufjs';
import { ClusterError, EngineError } from '../errors.js';
import { type Pointer, tensorflow, withStatus } from './api.js';
import { type EngineOptions, encodeConfig, type Membership } from './config.js';
import { withOwnThreads } from './ownThreads.js';
import { quietly } from './quietly.js';

/** Processes that compute together, and which of them this one is. */
export interface ServerOptions {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  readonly index: number;
}

// Field names and numbers: tensorflow_server.proto and cluster.proto of tensorflow/core/protobuf, TensorFlow 2.21. The
// session config is given as the bytes that it has been written as.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message JobDef { string name = 1; map<int32, string> tasks = 2; }
  message ClusterDef { repeated JobDef job = 1; }
  message ServerDef {
    ClusterDef cluster = 1;
    string job_name = 2;
    int32 task_index = 3;
    bytes default_session_config = 4;
    string protocol = 5;
  }
`);
const serverDef = root.lookupType('ServerDef');

const job = 'worker';
const taskName = (index: number) => `/job:${job}/replica:0/task:${index}`;

export class Server {
  readonly addresses: readonly string[];
  readonly index: number;
  readonly member: Membership;
  /** Where a session reaches it. */
  readonly target: string;

  /**
   * Starts the server of this process. It runs until the process ends: TensorFlow cannot stop it.
   *
   * @throws ClusterError when its port is in use
   */
  constructor({ addresses, index }: ServerOptions, engine: EngineOptions = {}) {
    this.addresses = addresses;
    this.index = index;
    this.member = { task: taskName(index), leader: taskName(0) };
    const message = serverDef.fromObject({
      cluster: { job: [{ name: job, tasks: Object.fromEntries(addresses.entries()) }] },
      jobName: job,
      taskIndex: index,
      defaultSessionConfig: encodeConfig(engine, this.member),
      protocol: 'grpc',
    });
    const bytes = serverDef.encode(message).finish();
    const tf = tensorflow();
    const server = start(bytes, addresses[index]!);
    withStatus('server', (status) => tf.TF_ServerStart(server, status));
    this.target = tf.TF_ServerTarget(server);
  }

  /** Number of processes. */
  get count(): number {
    return this.addresses.length;
  }
}

function start(bytes: Uint8Array, address: string): Pointer {
  try {
    const tf = tensorflow();
    return quietly(() =>
      withStatus('server', (status) => withOwnThreads(() => tf.TF_NewServer(bytes, bytes.length, status))),
    );
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new ClusterError(
      `TensorFlow's server cannot listen on ${address}, which is this worker's address: the port is in use, or may not be used (${error.message})`,
    );
  }
}
