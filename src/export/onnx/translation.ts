/** What all operators need while a graph of TensorFlow is written as one of ONNX. */

import { ExportError } from '../../errors.js';
import type { Size } from '../../geometry/size.js';
import type { HostTensor } from '../../tensorflow/hostTensor.js';
import type { GraphNode, NodeGraph } from '../graph/nodeGraph.js';
import { type Layout, type Value, wantedLayouts } from './layout.js';
import { type OnnxGraph, transposed } from './onnxGraph.js';

/** Axes of [B, H, W, C] in the order [B, C, H, W]. */
export const toMaps = [0, 3, 1, 2] as const;
const toRows = [0, 2, 3, 1] as const;

export class Translation {
  readonly #values = new Map<string, Value[]>();
  readonly #wanted: ReadonlyMap<string, Layout | undefined>;

  constructor(
    readonly graph: NodeGraph,
    readonly onnx: OnnxGraph,
    readonly free: FreeSides,
  ) {
    this.#wanted = wantedLayouts(graph);
  }

  /** The order in which those who read a result want it. */
  wanted(node: GraphNode): Layout | undefined {
    return this.#wanted.get(node.name);
  }

  /** Notes what the outputs of an operation are. */
  set(node: string, values: readonly Value[]): void {
    this.#values.set(node, [...values]);
  }

  /** What input `i` of an operation is. */
  value(node: GraphNode, i: number): Value {
    const { node: name, index } = node.inputs[i]!;
    const known = this.#values.get(name)?.[index];
    if (known !== undefined) return known;
    const { value, op } = this.graph.node(name);
    if (value === undefined) throw new ExportError(`${name} (${op}) is read before it is there`);
    const constant = { shape: value.shape, names: { rows: this.onnx.constant(value) } };
    this.set(name, [constant]);
    return constant;
  }

  /** The numbers of input `i`, which must be a constant. */
  constant(node: GraphNode, i: number): HostTensor {
    const value = this.graph.constant(node, i);
    if (value === undefined)
      throw new ExportError(
        `${node.name}: input ${i} of ${node.op} follows from the pictures; only a constant can be written`,
      );
    return value;
  }

  /** Name of a value in TensorFlow's order. */
  rows(value: Value): string {
    const { names, map, shape } = value;
    names.rows ??=
      map === undefined
        ? this.onnx.add('Transpose', [names.maps!], { perm: { ints: toRows } })
        : this.onnx.add('Reshape', [this.rows(map), this.onnx.ints([-1, shape.at(-1)!])]);
    return names.rows;
  }

  /** Name of a map, [B, H, W, C] in TensorFlow, as [B, C, H, W]. */
  maps({ names }: Value): string {
    names.maps ??= this.onnx.add('Transpose', [names.rows!], { perm: { ints: toMaps } });
    return names.maps;
  }

  in(layout: Layout, value: Value): string {
    return layout === 'rows' ? this.rows(value) : this.maps(value);
  }

  /** A constant that is broadcast over a map, in the order of the map. */
  constantIn(layout: Layout, { data, shape }: HostTensor): string {
    if (layout === 'rows' || data.length === 1) return this.onnx.constant({ data, shape });
    const four = [...Array<number>(4 - shape.length).fill(1), ...shape];
    const { data: moved, shape: order } = transposed({ data, shape: four }, toMaps);
    return this.onnx.constant({ data: moved, shape: shape.length === 4 ? order : order.slice(1) });
  }

  /** Name of a value in another shape, TensorFlow's `shape`. */
  reshaped(value: Value, shape: readonly number[]): string {
    return this.onnx.add('Reshape', [this.rows(value), this.#target(shape)]);
  }

  /** Name of height and width of a map that has these in TensorFlow: [2], 64-bit. */
  sidesOf(height: number, width: number): string {
    const stride = this.#strideOf(height, width);
    if (this.free.size === undefined || stride === undefined) return this.onnx.ints([height, width]);
    return sidesAt(this.onnx, this.free.size.sides, stride);
  }

  /** Name of a shape, with what is free in it: the batch, the two sides of a map, or the number of its places. */
  #target(shape: readonly number[]): string {
    const first = this.free.batch ? -1 : shape[0]!;
    if (this.free.size === undefined) return this.onnx.ints([first, ...shape.slice(1)]);
    const [, height, width] = shape;
    if (shape.length === 4 && this.#strideOf(height!, width!) !== undefined) {
      const parts = [this.onnx.ints([first]), this.sidesOf(height!, width!), this.onnx.ints(shape.slice(3))];
      return this.onnx.add('Concat', parts, { axis: { int: 0 } });
    }
    const places = shape.findIndex((side, axis) => axis > 0 && this.#isPlaces(side));
    if (places < 0) return this.onnx.ints([first, ...shape.slice(1)]);
    return this.onnx.ints([this.free.batch ? 0 : shape[0]!, ...shape.slice(1)].with(places, -1));
  }

  /** Input pixels a cell of a map with these sides; undefined where it is no map of the pictures. */
  #strideOf(height: number, width: number): number | undefined {
    const traced = this.free.size?.traced;
    if (traced === undefined) return undefined;
    return strides.find((s) => Math.ceil(traced.height / s) === height && Math.ceil(traced.width / s) === width);
  }

  /** Whether a side counts the places of a map, or anchors at them. */
  #isPlaces(side: number): boolean {
    const { height, width } = this.free.size!.traced;
    return strides.some((s) => side % (Math.ceil(height / s) * Math.ceil(width / s)) === 0);
  }
}

const strides = [1, 2, 4, 8, 16, 32, 64, 128] as const;

/** Height and width of a map of one cell in `stride` pixels: [2]. @param sides those of the pictures */
export function sidesAt(onnx: OnnxGraph, sides: string, stride: number): string {
  if (stride === 1) return sides;
  return onnx.add('Div', [onnx.add('Add', [sides, onnx.ints([stride - 1], [])]), onnx.ints([stride], [])]); // rounded up
}

/** What a model leaves open. */
export interface FreeSides {
  /** The graph was traced with one picture, and is to take any number of them. */
  readonly batch: boolean;
  /** The graph is to take pictures of any size; where left out, of the size that it was traced with. */
  readonly size?: {
    /** Sides whose number of cells at each stride is no number of channels of a network. */
    readonly traced: Size;
    /** Name of height and width of the pictures in the ONNX graph: [2], 64-bit. */
    readonly sides: string;
  };
}

export const rowsValue = (shape: readonly number[], name: string): Value => ({ shape, names: { rows: name } });
export const mapsValue = (shape: readonly number[], name: string): Value => ({ shape, names: { maps: name } });

/** The rows of a map: [B, H, W, C] as [B · H · W, C]. */
export function rowsOf(map: Value): Value {
  const channels = map.shape.at(-1)!;
  return { shape: [map.shape.slice(0, -1).reduce((a, b) => a * b), channels], names: {}, map };
}

/** Writes the outputs of one operation. */
export type Operator = (translation: Translation, node: GraphNode) => Value | Value[];
