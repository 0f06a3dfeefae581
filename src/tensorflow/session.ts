/** A TensorFlow session: runs parts of a graph, asynchronously, on worker threads of TensorFlow's own. */
import { EngineError } from '../errors.js';
import { type Output, type Pointer, readBuffer, type TensorflowApi, tensorflow, withStatus } from './api.js';
import type { Graph } from './graph.js';
import { fromNative, type HostTensor } from './hostTensor.js';
import { withOwnThreads } from './ownThreads.js';
import { fullTrace } from './timings.js';
import { UnderWay } from './underWay.js';

/** A device as TensorFlow describes it. */
export interface Device {
  /** `/job:localhost/replica:0/task:0/device:GPU:0` */
  readonly name: string;
  /** `CPU`, `GPU` */
  readonly type: string;
  /** What TensorFlow may take of it; without meaning for a CPU. */
  readonly memoryBytes: number;
}

/** While `runs` is there, each run that starts is recorded, which slows it a little: a serialised `RunMetadata` each, in order of their ends. */
export interface Recording {
  runs: Uint8Array[] | undefined;
}

export class Session {
  readonly #tf: TensorflowApi = tensorflow();
  readonly #running = new UnderWay();
  readonly #recording: Recording;
  #pointer: Pointer | undefined;

  /**
   * @param config a serialised `ConfigProto`
   * @param target what runs it: TensorFlow in this process, or a server as `TF_ServerTarget` names it
   * @param savedModel a folder whose graph is loaded into the empty `graph`
   */
  constructor(graph: Graph, config: Uint8Array, target: string | undefined, recording: Recording, savedModel?: string) {
    this.#recording = recording;
    const tf = this.#tf;
    const options = tf.TF_NewSessionOptions();
    try {
      withStatus('session options', (status) => tf.TF_SetConfig(options, config, config.length, status));
      if (target !== undefined) tf.TF_SetTarget(options, target);
      this.#pointer = withStatus('session', (status) =>
        withOwnThreads(() =>
          savedModel === undefined
            ? tf.TF_NewSession(graph.pointer, options, status)
            : tf.TF_LoadSessionFromSavedModel(options, 0n, savedModel, ['serve'], 1, graph.pointer, 0n, status),
        ),
      );
    } finally {
      tf.TF_DeleteSessionOptions(options);
    }
  }

  /**
   * Runs what `fetches` and `targets` need. The event loop keeps turning meanwhile; several runs may be under way.
   *
   * @param feeds values as native tensors, which are the session's from now on
   * @returns the fetched values, in order
   * @throws EngineError with TensorFlow's message
   */
  async run(
    feeds: readonly (readonly [Output, Pointer])[],
    fetches: readonly Output[],
    targets: readonly Pointer[],
  ): Promise<HostTensor[]> {
    return this.#running.during(() => this.#run(feeds, fetches, targets));
  }

  /** The devices that the session can use. */
  devices(): Device[] {
    const tf = this.#tf;
    const list = withStatus('devices', (status) => tf.TF_SessionListDevices(this.#open(), status));
    try {
      return Array.from({ length: tf.TF_DeviceListCount(list) }, (_, i) =>
        withStatus('device', (status) => ({
          name: tf.TF_DeviceListName(list, i, status),
          type: tf.TF_DeviceListType(list, i, status),
          memoryBytes: Number(tf.TF_DeviceListMemoryBytes(list, i, status)),
        })),
      );
    } finally {
      tf.TF_DeleteDeviceList(list);
    }
  }

  /** Frees the session and its variables when no run is under way. Later runs are refused; to dispose once more does nothing. */
  async dispose(): Promise<void> {
    await this.#running.idle();
    const pointer = this.#pointer;
    if (pointer === undefined) return;
    this.#pointer = undefined;
    withStatus('close', (status) => this.#tf.TF_CloseSession(pointer, status));
    withStatus('delete', (status) => this.#tf.TF_DeleteSession(pointer, status));
  }

  #open(): Pointer {
    if (this.#pointer === undefined) throw new EngineError('the program was used after its disposal');
    return this.#pointer;
  }

  async #run(
    feeds: readonly (readonly [Output, Pointer])[],
    fetches: readonly Output[],
    targets: readonly Pointer[],
  ): Promise<HostTensor[]> {
    const tf = this.#tf;
    const status = tf.TF_NewStatus();
    const values = feeds.map(([, value]) => value);
    const results = new BigUint64Array(Math.max(fetches.length, 1));
    const recordings = this.#recording.runs;
    const options = recordings ? tf.TF_NewBufferFromString(fullTrace, fullTrace.length) : 0n;
    const metadata = recordings ? tf.TF_NewBuffer() : 0n;
    try {
      const session = this.#open();
      await new Promise<void>((resolve, reject) => {
        tf.TF_SessionRun.async(
          session,
          options,
          feeds.map(([output]) => output),
          values,
          feeds.length,
          [...fetches],
          results,
          fetches.length,
          [...targets],
          targets.length,
          metadata,
          status,
          (error) => (error === null ? resolve() : reject(error)),
        );
      });
      if (tf.TF_GetCode(status) !== 0) throw new EngineError(`session run: ${tf.TF_Message(status)}`);
      recordings?.push(readBuffer(metadata));
      return [...results.subarray(0, fetches.length)].map((pointer) => fromNative(pointer));
    } finally {
      if (options !== 0n) tf.TF_DeleteBuffer(options);
      if (metadata !== 0n) tf.TF_DeleteBuffer(metadata);
      for (const value of values) tf.TF_DeleteTensor(value);
      for (const pointer of results) if (pointer !== 0n) tf.TF_DeleteTensor(pointer);
      tf.TF_DeleteStatus(status);
    }
  }
}
