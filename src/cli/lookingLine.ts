import { LiveLine } from './liveLine.js';

/** Shows how far a look at all pictures of a data set has come, where it takes longer than a moment. */
export function lookingLine(): (done: number, total: number) => void {
  const line = new LiveLine({ silentMs: 1000 });
  return (done, total) => {
    if (done < total) line.update(`looked at ${done} of ${total} pictures`);
    else line.clear();
  };
}
