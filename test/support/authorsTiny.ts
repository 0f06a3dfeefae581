import { writeFileSync } from 'node:fs';
import { authorsTensors } from './cmtTensors.js';
import { torchCheckpoint } from './torchCheckpoint.js';

/** A file like the authors' `cmt_tiny.pth`, of small numbers that mean nothing: variances are positive, and nothing explodes. */
export function writeAuthorsTiny(path: string): void {
  const tensors = authorsTensors({
    stem: 16,
    dims: [46, 92, 184, 368],
    depths: [2, 2, 10, 2],
    hidden: [165, 331, 662, 1324], // ⌊3.6 C⌋
    heads: [1, 2, 4, 8],
    reductions: [8, 4, 2, 1],
    inputSize: 160,
    headChannels: 1280,
    classes: 1000,
  });
  for (const { data } of tensors.values())
    if (data instanceof Float32Array) for (let i = 0; i < data.length; i++) data[i] = 0.03 + 0.02 * Math.sin(i);
  writeFileSync(path, torchCheckpoint(tensors));
}
