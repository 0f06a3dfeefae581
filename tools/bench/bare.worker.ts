/** What the loader is measured against in tools/bench-data.ts: the same decoder and the same resize in a loop, nothing else. */

import { inputSize, type ResizeRule } from '../../src/data/detection/inputSize.js';
import type { DecodeImage } from '../../src/data/image/image.js';
import { pillowResize } from '../../src/data/image/pillowResize.js';
import { serveJobs } from '../../src/data/parallel/jobs.js';

export interface BareSettings {
  /** URL of a module that exports `openDecoder(): DecodeImage`. */
  readonly decoder: string;
  readonly rule: ResizeRule;
}

serveJobs(async ({ decoder, rule }: BareSettings) => {
  const { openDecoder } = (await import(decoder)) as { openDecoder: () => DecodeImage };
  const decode = openDecoder();
  return async (files: readonly string[]) => {
    for (const file of files) {
      const image = await decode(file);
      pillowResize(image, { ...inputSize(image, rule), filter: 'bilinear' });
    }
    return files.length;
  };
});
