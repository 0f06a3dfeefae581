/** A script: exchanges messages with the other workers until it is told to stop, and says what it received. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterFromEnvironment } from '../../src/distributed/cluster.js';
import { CmtdetError } from '../../src/errors.js';
import { Workers } from '../../src/train/workers.js';

const {
  timeout,
  rounds,
  delayMs = 0,
}: { timeout: number; rounds: number; delayMs?: number } = JSON.parse(process.argv[2]!);
console.log = console.error; // standard output is for the result
try {
  const workers = await Workers.join(clusterFromEnvironment(process.env)!, {}, { timeout });
  const { index } = workers;
  for (let round = 0; round < rounds; round++) {
    const own = Uint8Array.from({ length: 7 * index + round }, (_, i) => 10 * index + i);
    const received = await workers.gather(own);
    const first = await workers.fromFirst({ round, from: index });
    process.stdout.write(`${JSON.stringify({ received: received.map((bytes) => [...bytes]), first })}\n`);
    await sleep(delayMs);
  }
  await workers.meet();
  await workers.dispose();
} catch (error) {
  if (!(error instanceof CmtdetError)) throw error;
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exit(error.exitCode);
}
