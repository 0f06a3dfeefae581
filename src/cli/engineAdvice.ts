/** Engine settings that do nothing on a machine, or do harm. */
import type { Engine } from '../config/schema.js';
import type { CpuFeatures } from './cpuFeatures.js';

export interface Machine {
  readonly hasGpu: boolean;
  readonly cores: number;
  /** null: not known. */
  readonly cpu: Pick<CpuFeatures, 'bfloat16' | 'float16'> | null;
}

/**
 * A sentence for each.
 *
 * What TensorFlow does: its grappler optimizer `auto_mixed_precision` rewrites for GPUs of compute capability 7.0, and for CPUs
 * with conversions of their own; `auto_mixed_precision_onednn_bfloat16` rewrites what runs on the CPU, and is there only with oneDNN.
 */
export function engineAdvice(engine: Engine, { hasGpu, cores, cpu }: Machine): string[] {
  const advice: string[] = [];
  if (engine.threads !== null && engine.threads > cores)
    advice.push(`engine.threads is ${engine.threads}, but there are ${cores} cores: threads will wait for each other.`);
  if (engine.xla === true && !hasGpu)
    advice.push('engine.xla is for GPUs: on a CPU this network gets several times slower with it.');
  if (engine.mixedPrecision === 'float16' && !hasGpu && !cpu?.float16)
    advice.push(
      'engine.mixedPrecision float16 has no effect here: TensorFlow uses it on GPUs, and on CPUs with AMX-FP16 or AVX-NE-CONVERT.',
    );
  if (engine.mixedPrecision === 'bfloat16' && hasGpu)
    advice.push(
      'engine.mixedPrecision bfloat16 has no effect on a GPU: TensorFlow rewrites for CPUs alone; use float16.',
    );
  if (engine.mixedPrecision === 'bfloat16' && !hasGpu && !cpu?.bfloat16)
    advice.push(
      'engine.mixedPrecision bfloat16 gains nothing here: this CPU is not known to have instructions for it (AVX512-BF16, AMX-BF16).',
    );
  if (!engine.memoryGrowth && !hasGpu)
    advice.push('engine.memoryGrowth false has no effect here: it is about the memory of GPUs.');
  return advice;
}
