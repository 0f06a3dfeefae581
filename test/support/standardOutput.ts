import { vi } from 'vitest';

/** What a command writes to standard output. */
export async function outputOf(run: () => Promise<unknown>): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await run();
  } finally {
    vi.restoreAllMocks();
  }
  return text;
}
