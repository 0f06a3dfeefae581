import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts } from '../../src/distributed/ports.js';
import { askWorker } from '../../src/distributed/probe.js';
import { ClusterError } from '../../src/errors.js';
import { Program } from '../../src/tensorflow/program.js';
import { Server } from '../../src/tensorflow/server.js';

test('a server answers, names its devices after its task, and runs programs', async () => {
  const [port, other] = await freePorts(2);
  const addresses = [`127.0.0.1:${other}`, `127.0.0.1:${port}`];
  const server = new Server({ addresses, index: 1 });
  expect(await askWorker(addresses[1]!, 5000)).toBe('runs');
  expect(await askWorker(addresses[0]!, 5000)).toBe('absent');
  const program = new Program({}, server);
  expect(program.devices().map(({ name }) => name)).toEqual(['/job:worker/replica:0/task:1/device:CPU:0']);
  const twice = program.compile(({ x }) => ({ y: x!.add(x!) }));
  const { y } = await twice({ x: { data: Float32Array.of(1, 2), shape: [2] } });
  expect([...y!.data]).toEqual([2, 4]);
  await program.dispose();
});

test('a port in use is one sentence', async () => {
  const taken = createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const start = () => new Server({ addresses: [address, '127.0.0.1:1'], index: 0 });
  expect(start).toThrow(ClusterError);
  expect(start).toThrow(`TensorFlow's server cannot listen on ${address}, which is this worker's address`);
  taken.close();
});

test('an address that takes calls and does not answer is silent', async () => {
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  expect(await askWorker(`127.0.0.1:${(mute.address() as AddressInfo).port}`, 300)).toBe('silent');
  mute.close();
});
