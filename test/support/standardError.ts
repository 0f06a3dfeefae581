import { afterEach, beforeEach, vi } from 'vitest';

/** Hears what each test of a file writes to standard error. @returns what the present one has written */
export function hearStandardError(): () => string {
  let said = '';
  beforeEach(() => {
    said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());
  return () => said;
}
