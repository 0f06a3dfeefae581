/** Size and cost of a model. */
import { stageStrides } from '../models/backbones/backbone.js';
import { networkOf } from '../models/build.js';
import { countParameters } from '../nn/module.js';
import { estimateMemory, type MemoryReport } from './memory.js';
import { findModel, type InputSize, inputSizeOf } from './namedModel.js';

export interface InfoOptions {
  /** A name (`cmt_ti`, `retinanet_cmt_s`), a config, or a checkpoint. */
  readonly model: string;
  /** Of the input that operations are counted for. @default what the model is made for */
  readonly size?: InputSize | undefined;
  /** Estimate memory too. @default false */
  readonly memory?: boolean | undefined;
  /** Pictures that memory is estimated for. @default as the config trains */
  readonly batch?: number | undefined;
}

export interface ModelInfo {
  readonly model: string;
  /** That are trained, as mmdetection counts them. */
  readonly parameters: number;
  /** Weights that are kept as they were loaded. */
  readonly frozenParameters: number;
  /** Multiply-accumulates of one picture. */
  readonly macs: number;
  readonly inputSize: InputSize;
  readonly classes: number;
  /** Maps C2 ... C5 of the backbone. */
  readonly stages: readonly { readonly stride: number; readonly channels: number }[];
  /** Where it was asked for. */
  readonly memory?: MemoryReport;
}

/** @throws UsageError when `model` is no file and no known name; ConfigError, CheckpointError as the file deserves */
export async function info({ model: name, size, memory, batch }: InfoOptions): Promise<ModelInfo> {
  const model = await findModel(name);
  const { config, classes } = model;
  const [height, width] = inputSizeOf(model, size);
  const network = networkOf(config, classes);
  const { trained, frozen } = countParameters(network);
  return {
    model: name,
    parameters: trained,
    frozenParameters: frozen,
    macs: network.macs({ height, width }),
    inputSize: [height, width],
    classes,
    stages: network.backbone.channels.map((channels, s) => ({ stride: stageStrides[s]!, channels })),
    ...(memory ? { memory: await estimateMemory(model, [height, width], batch) } : {}),
  };
}
