import { expect } from 'vitest';

/** For `toThrow`: a CheckpointError whose message contains `message`. */
export function checkpointError(message: string): Error {
  return expect.objectContaining({ name: 'CheckpointError', message: expect.stringContaining(message) });
}
