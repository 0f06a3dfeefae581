/** Begins a detector with another one: its backbone, and what fits of its neck and head, also where classes differ. */
import { type NamedArray, toFloat32 } from '../../formats/namedArray.js';
import type { DetectorNetwork } from '../detectorNetwork.js';
import { fitTensors } from './fitTensors.js';
import { fitBackbone, readFirstWeights } from './initFrom.js';

/** Parameters whose last axis has the classes of each anchor, one anchor after the other. */
const classLayer = ['head.classify.weight', 'head.classify.bias'] as const;

/**
 * Puts the weights of a checkpoint into a network that was just built: all of a detector that fits, or the backbone of any other
 * file that {@link readFirstWeights} knows. Rows of the class layer go to the class of the same name; other classes keep new weights.
 *
 * @param classes of the network, in the order of labels
 * @returns what was loaded and what was not, a line each
 * @throws CheckpointError when the backbone does not fit, or a value is not finite
 */
export function initialise(network: DetectorNetwork, classes: readonly string[], path: string): string[] {
  const weights = readFirstWeights(path);
  const backbone = fitBackbone(network.backbone, weights, path);
  const { description, tensors } = weights;
  if (description?.kind !== 'detector') return [backbone];
  const isClassLayer = (name: string) => (classLayer as readonly string[]).includes(name);
  const others = [...network.parameters()].filter(([name]) => !name.startsWith('backbone.') && !isClassLayer(name));
  const fits = (name: string, shape: readonly number[]) => tensors.get(name)?.shape.join() === shape.join();
  const fitting = others.filter(([name, { shape }]) => fits(name, shape));
  const count = fitTensors(fitting, tensors, { source: path, hint: '' });
  const left = others.filter(([name, { shape }]) => !fits(name, shape)).map(([name]) => name);
  return [
    backbone,
    `neck and head from it: ${count} of ${others.length} parameters${left.length > 0 ? `; made anew: ${shortened(left)}` : ''}`,
    loadClasses(network, classes, { names: description.categories.map(({ name }) => name), tensors }),
  ];
}

/** @returns what became of each class, in words */
function loadClasses(
  network: DetectorNetwork,
  classes: readonly string[],
  { names, tensors }: { readonly names: readonly string[]; readonly tensors: ReadonlyMap<string, NamedArray> },
): string {
  const parameters = new Map(network.parameters());
  const anew = (why: string) => `class layer made anew: ${why}`;
  const loaded: [name: string, value: Float32Array][] = [];
  const from = classes.map((name) => names.indexOf(name));
  for (const name of classLayer) {
    const [own, other] = [parameters.get(name), tensors.get(name)];
    if (own === undefined || other === undefined) return anew('the other head has none');
    const [places, otherPlaces] = [own, other].map(({ shape }, i) => ({
      outer: shape.slice(0, -1).join(),
      anchors: shape.at(-1)! / [classes, names][i]!.length,
    }));
    if (places!.outer !== otherPlaces!.outer || places!.anchors !== otherPlaces!.anchors)
      return anew('the heads differ in channels or anchors of a cell');
    loaded.push([name, withRows(own.value, toFloat32(other), from, names.length)]);
  }
  if (from.every((label) => label < 0)) return anew(`none of ${names.length} classes there is called as one here`);
  for (const [name, value] of loaded) parameters.get(name)!.value = value;
  const [kept, made] = [from.filter((label) => label >= 0).length, classes.filter((_, label) => from[label]! < 0)];
  return `classes kept by name: ${kept} of ${classes.length}${made.length > 0 ? `; made anew: ${shortened(made)}` : ''}`;
}

/** A copy of `own` in which the last axis has the other's values where a class is there too. @param from the other label of each, or -1 */
export function withRows(
  own: Float32Array,
  other: Float32Array,
  from: readonly number[],
  otherClasses: number,
): Float32Array {
  const value = own.slice();
  for (let row = 0; row < own.length / from.length; row++) {
    for (const [label, otherLabel] of from.entries())
      if (otherLabel >= 0) value[row * from.length + label] = other[row * otherClasses + otherLabel]!;
  }
  return value;
}

const shortened = (names: readonly string[]) =>
  names.slice(0, 6).join(', ') + (names.length > 6 ? `, and ${names.length - 6} more` : '');
