/** A SavedModel of a folder, run by TensorFlow. */
import { encodeConfig } from './config.js';
import type { NamedOutput } from './frozen.js';
import { Graph } from './graph.js';
import { type HostTensor, toNativeAll } from './hostTensor.js';
import { Session } from './session.js';

export class SavedModel {
  readonly name = 'TensorFlow';
  readonly #graph = new Graph();
  readonly #session: Session;

  /**
   * @param inputs outputs of placeholders, by input
   * @throws EngineError with TensorFlow's message, when the folder holds no model that can be loaded
   */
  constructor(
    folder: string,
    readonly inputs: ReadonlyMap<string, NamedOutput>,
    readonly outputs: ReadonlyMap<string, NamedOutput>,
  ) {
    try {
      const config = encodeConfig({ optimize: false });
      this.#session = new Session(this.#graph, config, undefined, { runs: undefined }, folder);
    } catch (error) {
      this.#graph.dispose();
      throw error;
    }
  }

  async run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const fetches = [...this.outputs.values()].map((output) => this.#output(output));
    const fed = Object.entries(inputs).map(([name, tensor]) => [this.#output(this.inputs.get(name)!), tensor] as const);
    const results = await this.#session.run(toNativeAll(fed), fetches, []);
    return Object.fromEntries([...this.outputs.keys()].map((name, i) => [name, results[i]!]));
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    this.#graph.dispose();
  }

  #output({ node, index }: NamedOutput) {
    return { oper: this.#graph.operationNamed(node), index };
  }
}
