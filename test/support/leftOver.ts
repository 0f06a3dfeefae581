import { type Pointer, tensorflow } from '../../src/tensorflow/api.js';

/** What is made, and what deletes it. */
const pairs = {
  graphs: ['TF_NewGraph', 'TF_DeleteGraph'],
  sessions: ['TF_NewSession', 'TF_DeleteSession'],
  tensors: ['TF_AllocateTensor', 'TF_DeleteTensor'],
} as const;

/** How many of TensorFlow's objects `body` makes and does not delete. */
export async function leftOver(body: () => unknown): Promise<Record<keyof typeof pairs, number>> {
  const tf = tensorflow() as unknown as Record<string, (...args: unknown[]) => Pointer>;
  const before = { ...tf };
  const counted = Object.entries(pairs).map(([kind, [make, remove]]) => {
    const alive = new Set<Pointer>();
    tf[make] = (...args) => {
      const pointer = before[make]!(...args);
      alive.add(pointer);
      return pointer;
    };
    tf[remove] = (...args) => {
      alive.delete(args[0] as Pointer);
      return before[remove]!(...args);
    };
    return [kind, alive] as const;
  });
  try {
    await body();
    return Object.fromEntries(counted.map(([kind, { size }]) => [kind, size])) as Record<keyof typeof pairs, number>;
  } finally {
    Object.assign(tf, before);
  }
}
