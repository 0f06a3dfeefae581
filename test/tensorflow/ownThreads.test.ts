import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openJpegDecoder } from '../../src/tensorflow/jpegDecoder.js';
import { Program } from '../../src/tensorflow/program.js';

const threads = () => readdirSync('/proc/self/task').length;

test.runIf(process.platform === 'linux')(
  'each program has the threads it asks for, whatever was opened before',
  async () => {
    openJpegDecoder(); // works in its caller's thread: it asks for none
    for (const asked of [3, 5]) {
      const before = threads();
      const program = new Program({ threads: asked });
      expect(threads() - before).toBe(2 * asked); // within operations, and for operations side by side
      await program.dispose();
      expect(threads()).toBe(before);
    }
    const before = threads();
    await using program = new Program({ threads: 4, operationThreads: 1 });
    expect(threads() - before).toBe(5);
    expect(program.devices()).toHaveLength(1);
  },
);
