import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks', // TensorFlow's C library is loaded once per process; worker threads would share it
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
