/** Names of an operation's arguments, from TensorFlow's registry of operations. */
import protobuf from 'protobufjs';
import { readBuffer, tensorflow } from './api.js';
import type { PlannedOperation } from './plan.js';

// Field names and numbers: op_def.proto of tensorflow/core, TensorFlow 2.21.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ArgDef { string name = 1; string number_attr = 5; string type_list_attr = 6; }
  message OpDef { string name = 1; repeated ArgDef input_arg = 2; repeated ArgDef output_arg = 3; }
  message OpList { repeated OpDef op = 1; }
`);
const opList = root.lookupType('OpList');

interface Argument {
  readonly name: string;
  /** Attribute that says how many values it stands for; empty for one. */
  readonly numberAttr: string;
  /** Attribute with a type for each of its values. */
  readonly typeListAttr: string;
}
interface Definition {
  readonly name: string;
  readonly inputArg: readonly Argument[];
  readonly outputArg: readonly Argument[];
}

let definitions: ReadonlyMap<string, Definition> | undefined;

/** The argument that each input and each output of an operation belongs to. */
export function argumentNames(operation: PlannedOperation): { inputs: readonly string[]; outputs: readonly string[] } {
  definitions ??= readDefinitions();
  const definition = definitions.get(operation.type);
  const named = (list: readonly Argument[] = []) => list.flatMap((argument) => repeated(argument, operation));
  return { inputs: named(definition?.inputArg), outputs: named(definition?.outputArg) };
}

function repeated({ name, numberAttr, typeListAttr }: Argument, { counts, types }: PlannedOperation): string[] {
  const length =
    numberAttr !== '' ? (counts[numberAttr] ?? 0) : typeListAttr !== '' ? (types[typeListAttr] ?? []).length : 1;
  return Array.from({ length }, () => name);
}

function readDefinitions(): Map<string, Definition> {
  const tf = tensorflow();
  const buffer = tf.TF_GetAllOpList();
  try {
    const options = { arrays: true, defaults: true };
    const { op } = opList.toObject(opList.decode(readBuffer(buffer)), options) as { op: Definition[] };
    return new Map(op.map((definition) => [definition.name, definition]));
  } finally {
    tf.TF_DeleteBuffer(buffer);
  }
}
