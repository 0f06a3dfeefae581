import { describe, expect, test } from 'vitest';
import { clusterFromEnvironment, nameOf, splitAddress, toTfConfig } from '../../src/distributed/cluster.js';

const read = (config: unknown) => clusterFromEnvironment({ TF_CONFIG: JSON.stringify(config) });
const task = (type: string, index: number | string) => ({ type, index });

describe('TF_CONFIG', () => {
  test.each([undefined, '', ' '])('%j: no cluster', (value) => {
    expect(clusterFromEnvironment(value === undefined ? {} : { TF_CONFIG: value })).toBeNull();
  });

  test('workers alone', () => {
    const config = { cluster: { worker: ['a:2222', 'b:2222'] }, task: task('worker', 1) };
    expect(read(config)).toEqual({ addresses: ['a:2222', 'b:2222'], index: 1 });
  });

  test('a chief is worker 0, whatever the order of the jobs; the index may be a string', () => {
    const cluster = { worker: ['b:1', 'c:1'], chief: ['a:1'] };
    expect(read({ cluster, task: task('worker', '1') })).toEqual({ addresses: ['a:1', 'b:1', 'c:1'], index: 2 });
    expect(read({ cluster, task: task('chief', 0) })?.index).toBe(0);
  });

  test('one worker alone needs no cluster', () => {
    expect(read({ cluster: { chief: ['a:2222'] }, task: task('chief', 0), environment: 'cloud' })).toBeNull();
  });

  test('what is written is read again', () => {
    const cluster = { addresses: ['10.0.0.1:5', '[::1]:6'], index: 1 };
    expect(clusterFromEnvironment({ TF_CONFIG: toTfConfig(cluster) })).toEqual(cluster);
    expect(nameOf(cluster, 1)).toBe('worker 1 ([::1]:6)');
    expect(splitAddress('[::1]:6')).toEqual({ host: '::1', port: 6 });
  });

  const worker = ['a:1', 'b:1'];
  test.each([
    ['{"cluster": ', /^TF_CONFIG: it is not JSON \(.+\)$/],
    [{ task: task('worker', 0) }, 'TF_CONFIG: cluster: Invalid input: expected record, received undefined'],
    [
      { cluster: { worker }, task: task('worker', 2) },
      'TF_CONFIG: task.index is 2, and the job worker has 2 tasks, counted from 0',
    ],
    [
      { cluster: { worker }, task: task('worker', -1) },
      'TF_CONFIG: task.index is -1, and the job worker has 2 tasks, counted from 0',
    ],
    [{ cluster: { worker }, task: task('evaluator', 0) }, 'TF_CONFIG: task.type is evaluator; expected worker'],
    [
      { cluster: { chief: ['a:1'], worker: ['b:1'] }, task: task('evaluator', 0) },
      'TF_CONFIG: task.type is evaluator; expected chief or worker',
    ],
    [
      { cluster: { worker, ps: ['c:1'] }, task: task('worker', 0) },
      'TF_CONFIG: it has parameter servers ("ps"), and cmtdet trains with workers alone',
    ],
    [{ cluster: {}, task: task('worker', 0) }, 'TF_CONFIG: its cluster has no job called worker'],
    [
      { cluster: { worker: ['a:1', 'b:1', 'a:1'] }, task: task('worker', 0) },
      'TF_CONFIG: the address a:1 stands for worker 0 and worker 2',
    ],
    [{ cluster: { worker: ['a', 'b:1'] }, task: task('worker', 0) }, 'TF_CONFIG: the address a is not HOST:PORT'],
    [{ cluster: { worker: ['a:0', 'b:1'] }, task: task('worker', 0) }, 'TF_CONFIG: the address a:0 is not HOST:PORT'],
  ])('%j is refused in one sentence', (config, message) => {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    expect(() => clusterFromEnvironment({ TF_CONFIG: text })).toThrow(message);
  });
});
