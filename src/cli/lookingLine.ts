import { LiveLine } from './liveLine.js';

/** Milliseconds. */
const [plainEvery, silent] = [10_000, 1_000];

/** Shows how far a look at all pictures of a data set has come, where it takes longer than a moment. */
export function lookingLine(): (done: number, total: number) => void {
  const line = new LiveLine(plainEvery, silent);
  return (done, total) => {
    if (done < total) line.update(`looked at ${done} of ${total} pictures`);
    else line.clear();
  };
}
