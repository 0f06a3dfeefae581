import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/distributed/cluster.js';
import { blame, watchWorkers } from '../../src/distributed/probe.js';
import { WorkerLostError } from '../../src/errors.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function addressOf(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers every call, as a worker that runs does. */
function running(): Promise<string> {
  const server = createHttp2Server();
  server.on('stream', (stream) => stream.respond({ ':status': 200 }, { endStream: true }));
  return addressOf(server as unknown as Server);
}

/** Takes calls and does not answer. */
const silent = (): Promise<string> => addressOf(createServer((socket) => socket.on('error', () => {})));

/** Nobody listens there. */
async function absent(): Promise<string> {
  const server = createServer();
  const address = await addressOf(server);
  await new Promise((resolve) => server.close(resolve));
  return address;
}

/** As its first worker sees it. */
const clusterOf = (...others: string[]): Cluster => ({ addresses: ['127.0.0.1:1', ...others], index: 0 });

describe('watchWorkers', () => {
  test('one that is gone and one that hangs are named; one that runs is not', async () => {
    const cluster = clusterOf(await running(), await absent(), await silent());
    const watching = watchWorkers(cluster, 0.3, new AbortController().signal);
    await expect(watching).rejects.toThrow(WorkerLostError);
    const [gone, hangs] = cluster.addresses.slice(2);
    await expect(watching).rejects.toThrow(
      `worker 2 (${gone}) is gone: nobody listens at its address any more; worker 3 (${hangs}) hangs: its address takes calls, and nothing answers`,
    );
  });
});

describe('blame, after an operation with all has failed', () => {
  test('the worker that is gone', async () => {
    const { message } = await blame(clusterOf(await running(), await absent()), 60, 'reset');
    expect(message).toMatch(/^worker 2 \(.*\) is gone: nobody listens at its address any more$/);
  });

  test('all run: who was late is not known, but how late, and what TensorFlow said', async () => {
    const one = await blame(clusterOf(await running()), 60, 'deadline');
    expect(one.message).toMatch(
      /^worker 1 \(.*\) runs, but was more than 60 s late, or failed by itself \(deadline\)$/,
    );
    const two = await blame(clusterOf(await running(), await running()), 60, 'deadline');
    expect(two.message).toMatch(/^worker 1 .* or worker 2 .* did not take part in a step: all run, but one was more/);
  });
});
