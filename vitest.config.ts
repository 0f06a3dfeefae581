import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks', // TensorFlow's C library is loaded once per process; worker threads would share it
    maxWorkers: Math.max(2, availableParallelism() - 1), // most tests wait for processes and disks some of the time
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
