/** What figures were measured on. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { tensorflowVersion } from '../../src/tensorflow/install/wheels.js';
import { peerVersions } from './python.js';

export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
    versions: { node: process.version, tensorflow: tensorflowVersion, ...peerVersions() },
  };
}
