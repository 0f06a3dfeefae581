/** A network that is slow by chance: what goes to a port of this machine comes there late, and in order. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/random.js';

export interface DelayingProxy {
  readonly port: number;
  close(): void;
}

/** @param maxMs each piece of data waits for up to so long */
export async function delayingProxy(to: number, maxMs: number, seed: number): Promise<DelayingProxy> {
  const random = new Random(seed);
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const target = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      let before = Promise.resolve();
      const late = (then: () => void) => {
        const wait = sleep(random.uniform(0, maxMs));
        before = before.then(() => wait).then(then); // never before what came before
      };
      from.on('data', (data) => late(() => into.write(data)));
      from.on('end', () => late(() => into.end()));
      from.on('error', () => into.destroy());
      from.on('close', () => sockets.delete(from));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
