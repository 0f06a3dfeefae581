/** The workers that train together, each a process with a part of every batch: what they exchange, and how they end. */
import type { Shard } from '../data/loading/shard.js';
import type { Cluster } from '../distributed/cluster.js';
import { blame, waitForWorkers, watchWorkers } from '../distributed/probe.js';
import { EngineError } from '../errors.js';
import { Collectives } from '../tensorflow/collectives.js';
import type { EngineOptions } from '../tensorflow/config.js';
import { type Compiled, Program } from '../tensorflow/program.js';
import { Server } from '../tensorflow/server.js';
import { endDespiteCallsUnderWay } from '../tensorflow/stuckCalls.js';

export interface WorkersOptions {
  /** Seconds that a worker waits for the others, at the start and in each exchange. */
  readonly timeout: number;
  /** Told about each worker that is not there yet. */
  readonly onWaiting?: (worker: string) => void;
}

/** Share of the time limit after which a worker that is not heard of is noticed; in the rest the others find out which one it is. */
const noticedIn = 5 / 6;

export class Workers {
  readonly cluster: Cluster;
  readonly server: Server;
  /** For gradients and losses, once in each step. */
  readonly gradients: Collectives;
  /** For what is exchanged in the middle of a forward or backward pass. */
  readonly statistics: Collectives;
  readonly #timeout: number;
  readonly #program: Program;
  readonly #gather: Compiled<'own', 'all'>;

  private constructor(cluster: Cluster, timeout: number, engine: EngineOptions) {
    this.cluster = cluster;
    this.server = new Server(cluster, engine);
    this.#timeout = timeout;
    const { index, count } = this;
    const ofStep = { index, count, timeout: noticedIn * timeout };
    this.gradients = new Collectives({ ...ofStep, group: 1 });
    this.statistics = new Collectives({ ...ofStep, group: 2 });
    const messages = new Collectives({ index, count, group: 3, timeout: 0 }); // no limit: the workers are watched meanwhile
    this.#program = new Program({}, this.server);
    this.#gather = this.#program.compile(({ own }) => ({ all: messages.gather(own) }));
  }

  /**
   * Starts this worker and waits for the others.
   *
   * @throws ClusterError when the worker's own address cannot be used
   * @throws WorkerLostError naming the workers that do not come in time
   */
  static async join(cluster: Cluster, engine: EngineOptions, options: WorkersOptions): Promise<Workers> {
    const workers = new Workers(cluster, options.timeout, engine);
    await waitForWorkers(cluster, options.timeout, options.onWaiting);
    await workers.meet();
    return workers;
  }

  get index(): number {
    return this.cluster.index;
  }

  get count(): number {
    return this.cluster.addresses.length;
  }

  /** Which of equal shares is this worker's. */
  get shard(): Shard {
    return { index: this.index, count: this.count };
  }

  /** Awaits an exchange. @throws WorkerLostError saying who is to blame when the exchange fails */
  async during<T>(exchange: Promise<T>): Promise<T> {
    try {
      return await exchange;
    } catch (error) {
      if (error instanceof EngineError && failsTogether.test(error.message))
        throw await blame(this.cluster, this.#timeout, error.message.split('\n')[0]!);
      throw error;
    }
  }

  /** What each worker gives, in the order of the workers. All must call it; those that do so first wait for the others as long as these run. */
  async gather(own: Uint8Array): Promise<Uint8Array[]> {
    const lengths = await this.#gatherNumbers(Int32Array.of(own.length));
    const size = blockOf(Math.max(...lengths));
    const padded = new Int32Array(size);
    new Uint8Array(padded.buffer).set(own);
    const all = new Uint8Array((await this.#gatherNumbers(padded)).buffer);
    return Array.from(lengths, (length, i) => all.slice(4 * size * i, 4 * size * i + length));
  }

  /** What worker 0 gives, as JSON carries it. All must call it; what the others give is not looked at. */
  async fromFirst<T>(value: T): Promise<T> {
    const own = this.index === 0 ? Buffer.from(JSON.stringify(value)) : new Uint8Array();
    const [first] = await this.gather(own);
    return JSON.parse(Buffer.from(first!).toString());
  }

  /** {@link Workers.gather} for what JSON carries. */
  async gatherJson<T>(own: T): Promise<T[]> {
    const all = await this.gather(Buffer.from(JSON.stringify(own)));
    return all.map((bytes) => JSON.parse(Buffer.from(bytes).toString()));
  }

  /** Waits until all workers have come here. */
  async meet(): Promise<void> {
    await this.#gatherNumbers(Int32Array.of(this.index));
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  async #gatherNumbers(own: Int32Array): Promise<Int32Array> {
    const watch = new AbortController();
    try {
      const gathered = this.during(this.#gather({ own: { data: own, shape: [own.length] } }));
      const watching = watchWorkers(this.cluster, noticedIn * this.#timeout, watch.signal);
      watching.catch(endDespiteCallsUnderWay); // the others will not come, so the exchange does not end
      const { all } = await Promise.race([gathered, watching]);
      return all.data as Int32Array;
    } finally {
      watch.abort();
    }
  }
}

/** What TensorFlow says when a collective operation fails for another worker's sake. */
const failsTogether =
  /Collective|collective|Socket|socket|UNAVAILABLE|Connection|connect|RecvBuf|GOAWAY|keepalive|Deadline|aborted|cancelled/;

/** Numbers of 4 bytes that hold so many bytes, in few different sizes: each one is traced. */
const blockOf = (bytes: number): number => 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, bytes / 4))));
