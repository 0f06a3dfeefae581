/** What a processor can do, as far as it matters to TensorFlow's speed. */
import { readFileSync } from 'node:fs';

export interface CpuFeatures {
  readonly model: string | null;
  readonly avx2: boolean;
  readonly avx512: boolean;
  /** Products of bfloat16 (AVX512-BF16, AMX-BF16, or arm64's bf16): what `engine.mixedPrecision: bfloat16` is for. */
  readonly bfloat16: boolean;
  /** AMX-FP16 or AVX-NE-CONVERT, without which TensorFlow leaves float16 to GPUs. */
  readonly float16: boolean;
}

/** Of this machine; null where the system does not say (anywhere but on Linux). */
export function cpuFeatures(): CpuFeatures | null {
  try {
    return parseCpuInfo(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return null;
  }
}

/** Reads the first processor of a `/proc/cpuinfo`. Null where no features are listed. */
export function parseCpuInfo(text: string): CpuFeatures | null {
  const field = (name: string) => text.match(new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm'))?.[1];
  const flags = field('flags') ?? field('Features'); // x64, arm64
  if (flags === undefined) return null;
  const words = new Set(flags.split(/\s+/));
  const some = (...names: readonly string[]) => names.some((name) => words.has(name));
  return {
    model: field('model name') ?? null,
    avx2: some('avx2'),
    avx512: some('avx512f'),
    bfloat16: some('avx512_bf16', 'amx_bf16', 'bf16'),
    float16: some('amx_fp16', 'avx_ne_convert'),
  };
}
