import { describe, expect, it } from 'vitest';
import { parseCpuInfo } from '../../src/cli/cpuFeatures.js';

describe('parseCpuInfo', () => {
  it('x64: AVX-512 with bfloat16; of two processors the first', () => {
    const processor = 'model name\t: AMD EPYC 9004\nflags\t\t: fpu avx avx2 avx512f avx512_bf16\n';
    expect(parseCpuInfo(`processor\t: 0\n${processor}\nprocessor\t: 1\n${processor}`)).toEqual({
      model: 'AMD EPYC 9004',
      avx2: true,
      avx512: true,
      bfloat16: true,
      float16: false,
    });
  });

  it('x64 with AVX2 alone: avx is not avx2, avx512_vnni is not avx512f', () => {
    const features = { model: null, avx2: true, avx512: false, bfloat16: false, float16: false };
    expect(parseCpuInfo('flags\t\t: fpu avx avx2 avx512_vnni f16c\n')).toEqual(features);
    expect(parseCpuInfo('flags\t\t: fpu avx\n')).toEqual({ ...features, avx2: false });
  });

  it('x64 with float16 in the matrix unit', () => {
    expect(parseCpuInfo('flags\t\t: avx2 avx512f amx_bf16 amx_fp16\n')).toMatchObject({
      bfloat16: true,
      float16: true,
    });
  });

  it('arm64 calls flags Features, and names no model', () => {
    const features = { model: null, avx2: false, avx512: false, bfloat16: true, float16: false };
    expect(parseCpuInfo('processor\t: 0\nFeatures\t: fp asimd i8mm bf16\n')).toEqual(features);
  });

  it('no list of features: null', () => {
    expect(parseCpuInfo('processor\t: 0\n')).toBeNull();
  });
});
