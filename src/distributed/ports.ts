/** Ports of this machine that nobody uses at the moment. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * As many free ports as asked for, all different.
 *
 * The system hands them out in turn, so two calls at the same time get different ones; they are free when this returns, not reserved.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
