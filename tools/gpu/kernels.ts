/**
 * Writes src/tensorflow/gpuKernels.ts: what the CUDA build of TensorFlow can run on a GPU, and what XLA can compile for one.
 *
 *   npm run setup -- --gpu && npx tsx tools/gpu/kernels.ts          (no GPU is needed; CMTDET_TENSORFLOW names another library)
 *
 * For each new version of TensorFlow.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { tensorflow } from '../../src/tensorflow/api.js';
import { findLibrary } from '../../src/tensorflow/install/locate.js';
import { type Kernel, registeredKernels, writeKernel } from '../../src/tensorflow/kernels.js';

const devices = ['GPU', 'DEFAULT', 'XLA_GPU_JIT'];
const file = fileURLToPath(new URL('../../src/tensorflow/gpuKernels.ts', import.meta.url));

const version = tensorflow().TF_Version();
// XLA registers its kernels at the first compilation; this is what it calls then. No function of the C API does that alone.
koffi.load(findLibrary().cc).func('_ZN10tensorflow13XlaOpRegistry26RegisterCompilationKernelsEv', 'void', [])();

const kernels = registeredKernels().filter(({ device }) => devices.includes(device));
if (!kernels.some(({ op, device }) => op === 'Conv2D' && device === 'GPU'))
  throw new Error(`${findLibrary().directory} is not the CUDA build: run \`npm run setup -- --gpu\` first`);

const operations = [...new Set(kernels.map(({ op }) => op))].sort();
const entries = operations.flatMap((op) => {
  const lines = merged(kernels.filter((kernel) => kernel.op === op)).flatMap((kernel) => writeKernel(kernel) ?? []);
  return lines.length === 0 ? [] : [`${op}: ${JSON.stringify([...new Set(lines)].sort())},`];
});
writeFileSync(
  file,
  `// Made by tools/gpu/kernels.ts from the kernel registry of TensorFlow's CUDA build. Do not edit.

/** Version of TensorFlow that it is of. */
export const gpuKernelsVersion = '${version}';

/** Operation → its kernels, in the form of \`writeKernel\`. */
export const gpuKernelLines: Readonly<Record<string, readonly string[]>> = {
${entries.join('\n')}
};
`,
);
execFileSync('npx', ['biome', 'format', '--write', file], { stdio: 'inherit' });
console.log(`${entries.length} operations of TensorFlow ${version}`);

/** Kernels that differ in the types of one attribute alone, as one. The registry has one for each type. */
function merged(kernels: readonly Kernel[]): Kernel[] {
  const result: Kernel[] = [];
  for (const kernel of kernels) {
    const at = result.findIndex((other) => differingAttributes(kernel, other).length <= 1);
    if (at === -1) result.push(kernel);
    else result[at] = union(kernel, result[at]!);
  }
  return result.length < kernels.length ? merged(result) : result;
}

/** Names of the attributes in which two kernels differ; all of them where the kernels differ in more than types. */
function differingAttributes(a: Kernel, b: Kernel): string[] {
  const names = [...new Set([...Object.keys(a.types), ...Object.keys(b.types)])];
  const comparable =
    a.device === b.device &&
    [...a.hostArguments].sort().join() === [...b.hostArguments].sort().join() &&
    names.every((name) => name in a.types && name in b.types);
  if (!comparable) return ['device', 'host'];
  return names.filter((name) => [...a.types[name]!].sort().join() !== [...b.types[name]!].sort().join());
}

function union(a: Kernel, b: Kernel): Kernel {
  const types = Object.entries(a.types).map(([name, own]) => [name, [...new Set([...own, ...b.types[name]!])]]);
  return { ...a, types: Object.fromEntries(types) };
}
