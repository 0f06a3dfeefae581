/** The GPU that TensorFlow will use. */
import { execFileSync } from 'node:child_process';
import { Program } from '../tensorflow/program.js';
import type { Card } from '../train/engineOptions.js';

/** null where TensorFlow sees none. */
export async function findCard(): Promise<Card | null> {
  const program = new Program();
  await program.dispose();
  return program.hasGpu ? { capability: capabilityOfDriver() } : null;
}

/** Of the first card, as the driver's own program tells it. */
function capabilityOfDriver(): number | null {
  try {
    const fields = ['--query-gpu=compute_cap', '--format=csv,noheader'];
    return parseCapability(
      execFileSync('nvidia-smi', fields, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return null; // the program is not there, as in some containers
  }
}

/** The first line of nvidia-smi's answer, `9.0`. */
export function parseCapability(answer: string): number | null {
  const capability = Number.parseFloat(answer);
  return Number.isNaN(capability) ? null : capability;
}
