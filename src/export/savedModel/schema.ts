/** The messages of a `saved_model.pb`. */
import protobuf from 'protobufjs';
import { graphDefProto } from '../../tensorflow/graphDef.js';
import { tensorflowVersion } from '../../tensorflow/install/wheels.js';
import type { NamedGraph, SignatureTensor } from './openBatch.js';

// Field names and numbers: tensorflow/core/protobuf/{saved_model,meta_graph}.proto, TensorFlow 2.21.
const savedModel = protobuf
  .parse(`
    syntax = "proto3";
    ${graphDefProto}
    message TensorInfo { string name = 1; int32 dtype = 2; TensorShapeProto tensor_shape = 3; }
    message SignatureDef { map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; string method_name = 3; }
    message MetaInfoDef { repeated string tags = 4; string tensorflow_version = 5; }
    message MetaGraphDef { MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; map<string, SignatureDef> signature_def = 5; }
    message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2; }
  `)
  .root.lookupType('SavedModel');

const tensorInfo = ({ node, dtype, shape }: SignatureTensor) => ({
  name: `${node}:0`,
  dtype,
  tensorShape: { dim: shape.map((size) => ({ size })) },
});

const tensorInfos = (tensors: Readonly<Record<string, SignatureTensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensorInfo(tensor)]));

/** A serialised `SavedModel`: tag `serve`, signature `serving_default`. */
export function encodeSavedModel({ nodes, versions, inputs, outputs }: NamedGraph): Uint8Array {
  const signature = {
    inputs: tensorInfos(inputs),
    outputs: tensorInfos(outputs),
    methodName: 'tensorflow/serving/predict',
  };
  const metaGraph = {
    metaInfoDef: { tags: ['serve'], tensorflowVersion },
    graphDef: { node: nodes, versions },
    signatureDef: { serving_default: signature },
  };
  return savedModel.encode({ savedModelSchemaVersion: 1, metaGraphs: [metaGraph] } as never).finish();
}
