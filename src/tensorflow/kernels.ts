/** TensorFlow's kernel registry: which implementations of an operation there are, for which types, on which device. */
import protobuf from 'protobufjs';
import { readBuffer, tensorflow, withStatus } from './api.js';

export interface Kernel {
  readonly op: string;
  /** `GPU`; `DEFAULT`: any device without one of its own; `XLA_GPU_JIT`: XLA can compile it for a GPU. */
  readonly device: string;
  /** Attribute → numbers of the types that it may have. */
  readonly types: Readonly<Record<string, readonly number[]>>;
  /** Arguments, inputs and outputs, that are in the host's memory though the device is another. */
  readonly hostArguments: readonly string[];
}

// Field names and numbers: kernel_def.proto and attr_value.proto of tensorflow/core, TensorFlow 2.21.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ListValue { repeated int32 type = 6; }
  message AttrValue { ListValue list = 1; }
  message AttrConstraint { string name = 1; AttrValue allowed_values = 2; }
  message KernelDef {
    string op = 1;
    string device_type = 2;
    repeated AttrConstraint constraint = 3;
    repeated string host_memory_arg = 4;
    string label = 5;
  }
  message KernelList { repeated KernelDef kernel = 1; }
`);
const kernelList = root.lookupType('KernelList');

interface KernelDef {
  readonly op: string;
  readonly deviceType: string;
  readonly constraint: readonly {
    readonly name: string;
    readonly allowedValues: { readonly list: { readonly type: readonly number[] } };
  }[];
  readonly hostMemoryArg: readonly string[];
  readonly label: string;
}

/** The kernels of the library that is loaded. Those with a label are left out: only who asks for one by name gets it. */
export function registeredKernels(): Kernel[] {
  const tf = tensorflow();
  const buffer = withStatus('kernels', (status) => tf.TF_GetAllRegisteredKernels(status));
  try {
    const options = { arrays: true, defaults: true };
    const { kernel } = kernelList.toObject(kernelList.decode(readBuffer(buffer)), options) as { kernel: KernelDef[] };
    return kernel
      .filter(({ label }) => label === '')
      .map(({ op, deviceType, constraint, hostMemoryArg }) => ({
        op,
        device: deviceType,
        types: Object.fromEntries(constraint.map(({ name, allowedValues }) => [name, allowedValues.list.type])),
        hostArguments: hostMemoryArg,
      }));
  } finally {
    tf.TF_DeleteBuffer(buffer);
  }
}

/** Types by their names in the written form. Kernels for other types are left out there. */
const typeNames: Readonly<Record<number, string>> = {
  1: 'float',
  2: 'double',
  3: 'int32',
  4: 'uint8',
  6: 'int8',
  7: 'string',
  9: 'int64',
  10: 'bool',
  14: 'bfloat16',
  19: 'half',
  20: 'resource',
};
const typeNumbers = new Map(Object.entries(typeNames).map(([number, name]) => [name, Number(number)]));

/**
 * A kernel as a line without its operation, `GPU T=float,half Tidx=int32 host:shape,seed`.
 *
 * @returns undefined for one that has no type which is written
 */
export function writeKernel({ device, types, hostArguments }: Omit<Kernel, 'op'>): string | undefined {
  const constraints = Object.entries(types).map(([name, numbers]) => {
    const known = numbers.map((number) => typeNames[number]).filter((type) => type !== undefined);
    return known.length === 0 ? undefined : `${name}=${known.sort().join()}`;
  });
  if (constraints.includes(undefined)) return undefined;
  const host = hostArguments.length === 0 ? [] : [`host:${[...new Set(hostArguments)].sort().join()}`];
  return [device, ...constraints, ...host].join(' ');
}

/** The inverse of {@link writeKernel}. */
export function parseKernel(op: string, line: string): Kernel {
  const [device, ...parts] = line.split(' ');
  const host = parts.find((part) => part.startsWith('host:'));
  const constraints = parts.filter((part) => part !== host).map((part) => part.split('=') as [string, string]);
  return {
    op,
    device: device!,
    types: Object.fromEntries(
      constraints.map(([name, types]) => [name, types.split(',').map((type) => typeNumbers.get(type)!)]),
    ),
    hostArguments: host?.slice('host:'.length).split(',') ?? [],
  };
}

/** Whether a kernel takes an operation of these types. */
export function fits({ types }: Kernel, wanted: Readonly<Record<string, readonly number[]>>): boolean {
  return Object.entries(types).every(
    ([name, allowed]) => wanted[name]?.every((type) => allowed.includes(type)) ?? true,
  );
}
