import type { DataEvents } from '../train/task.js';
import { warn } from './console.js';
import { lookingLine } from './lookingLine.js';

/** Tells a person what is odd about data. */
export function dataObserver(): DataEvents {
  return {
    onWarning: warn,
    onSkipped: ({ file, reason }) => warn(`skipped ${file}: ${reason}`),
    onRepair: (source, { message }) => warn(`${source}: ${message}`),
    onLooked: lookingLine(),
  };
}
