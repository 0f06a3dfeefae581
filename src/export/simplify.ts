/** From what was recorded to the fewest operations that do the same. */
import type { FrozenFunction } from '../tensorflow/frozen.js';
import { absorb } from './graph/absorb.js';
import { recogniseChains } from './graph/chains.js';
import { foldConstants } from './graph/fold.js';
import { NodeGraph } from './graph/nodeGraph.js';

/** Constants computed, chains recognised, biases and normalisations in the weights. */
export async function simplified(frozen: FrozenFunction): Promise<NodeGraph> {
  const graph = NodeGraph.of(frozen);
  await foldConstants(graph, frozen);
  recogniseChains(graph);
  absorb(graph);
  return graph;
}
