import type { Repair } from '../../src/data/repairs.js';

/** The lines that people read. */
export function messagesOf(repairs: readonly Repair[]): string[] {
  return repairs.map(({ message }) => message);
}
