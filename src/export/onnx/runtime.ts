/** ONNX models run by onnxruntime, where it is installed. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { EngineError } from '../../errors.js';
import { dataTypeOf, type HostArray, type HostTensor } from '../../tensorflow/hostTensor.js';

const packageName = 'onnxruntime-node';

/** Notes of onnxruntime on how it runs a model are not for our users; its errors are. */
const errorsOnly = 3;

export class OnnxRuntime {
  private constructor(
    readonly name: string,
    readonly session: InferenceSession,
    private readonly newTensor: typeof Tensor,
  ) {}

  /**
   * Loads a model. @param threads of one operation; all cores by default
   *
   * @returns undefined where onnxruntime-node is not installed
   */
  static async open(path: string, threads = 0): Promise<OnnxRuntime | undefined> {
    const runtime = await import(packageName).catch(() => undefined);
    if (runtime === undefined) return undefined;
    const { InferenceSession, Tensor, env } = runtime as typeof import('onnxruntime-node');
    const options = { logSeverityLevel: errorsOnly, intraOpNumThreads: threads } as const;
    const session = await InferenceSession.create(path, options).catch((error: Error) => {
      throw new EngineError(`onnxruntime does not load ${path}: ${error.message}`);
    });
    return new OnnxRuntime(`onnxruntime ${env.versions.node ?? env.versions.common}`, session, Tensor);
  }

  async run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const feeds = Object.entries(inputs).map(([name, { data, shape }]) => {
      return [name, new this.newTensor(dataTypeOf(data) as 'float32', data as Float32Array, shape)] as const;
    });
    const results = await this.session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as HostArray, shape: dims }]),
    );
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}
