import { expect, test } from 'vitest';
import { JobFailure, memoryExitCode, runJob } from '../../../tools/bench/job.js';

const node = (script: string, limits = { seconds: 20 }) => runJob(process.execPath, ['-e', script], limits);

test('the last line is the answer', async () => {
  expect(
    await node('console.log("hello"); console.log(JSON.stringify({ seconds: [1], peakMb: 2, threads: 3 }))'),
  ).toEqual({ seconds: [1], peakMb: 2, threads: 3 });
});

test('why there is none: time, memory, an error with its last words', async () => {
  await expect(node('setInterval(() => {}, 1000)', { seconds: 0.3 })).rejects.toThrow(
    new JobFailure('not done after 0.3 s'),
  );
  await expect(
    runJob(process.execPath, ['-e', `process.exit(${memoryExitCode})`], { seconds: 20, memoryGib: 4 }),
  ).rejects.toThrow(new JobFailure('needs more than 4 GiB of memory'));
  await expect(node('console.error("no such thing"); process.exit(3)')).rejects.toThrow(
    new JobFailure('ended with 3: no such thing'),
  );
});
