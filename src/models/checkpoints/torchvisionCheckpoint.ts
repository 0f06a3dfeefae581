/**
 * How torchvision names and lays out the parameters of ResNet, beside our names and layouts.
 *
 * Source: torchvision/models/resnet.py (`ResNet`, `BasicBlock`, `Bottleneck`), and PyTorch's layouts of Conv2d and Linear. Which
 * parameters there are, and their shapes, is asked of our own network, so the two cannot disagree.
 */
import { CheckpointError } from '../../errors.js';
import { inverseAxes, type NamedArray, permuted } from '../../formats/namedArray.js';
import { Resnet, type ResnetDepth, resnetSpecs } from '../backbones/resnet.js';
import { LinearClassifier } from '../classifiers/linearClassifier.js';
import { type Conversion, reasonOfCounter, withoutBackbone } from './conversion.js';

/** What a file holds. */
export interface ResnetWidths {
  readonly depth: ResnetDepth;
  /** Undefined: a backbone alone. */
  readonly classes: number | undefined;
}

export const isTorchvisionName = (name: string): boolean => /^(layer[1-4]\.\d+\.conv1|bn1)\./.test(name);
export const isResnetName = (name: string): boolean => /^stem\.(conv|norm)\./.test(name);

const normFields = { running_mean: 'mean', running_var: 'variance' } as const;

/** Our name of a torchvision parameter; undefined for what is not of a ResNet. */
function toOurs(theirs: string): string | undefined {
  const field = (name: string) => (name in normFields ? normFields[name as keyof typeof normFields] : name);
  const fields = 'weight|bias|running_mean|running_var';
  const [, block, part, ofBlock] = new RegExp(`^layer([1-4]\\.\\d+)\\.(.+)\\.(${fields})$`).exec(theirs) ?? [];
  if (block !== undefined) {
    const [stage, place] = block.split('.').map(Number) as [number, number];
    const ours = part!
      .replace(/^bn(?=\d$)/, 'norm')
      .replace('downsample.0', 'shortcut')
      .replace('downsample.1', 'shortcutNorm');
    return `backbone.stages.${stage - 1}.blocks.${place}.${ours}.${field(ofBlock!)}`;
  }
  const [, module, name] = new RegExp(`^(conv1|bn1|fc)\\.(${fields})$`).exec(theirs) ?? [];
  if (module === undefined) return undefined;
  return `${{ conv1: 'backbone.stem.conv', bn1: 'backbone.stem.norm', fc: 'head' }[module]}.${field(name!)}`;
}

/** torchvision's name of a parameter of ours. */
function toTheirs(ours: string): string {
  const field = (name: string) => Object.entries(normFields).find(([, own]) => own === name)?.[0] ?? name;
  const [, stage, place, part, name] = /^backbone\.stages\.(\d)\.blocks\.(\d+)\.(\w+)\.(\w+)$/.exec(ours) ?? [];
  if (stage !== undefined) {
    const theirs = { shortcut: 'downsample.0', shortcutNorm: 'downsample.1' }[part!] ?? part!.replace('norm', 'bn');
    return `layer${Number(stage) + 1}.${place}.${theirs}.${field(name!)}`;
  }
  return ours
    .replace('backbone.stem.conv', 'conv1')
    .replace('backbone.stem.norm', 'bn1')
    .replace(/^head\b/, 'fc')
    .replace(/(?<=\.)\w+$/, field);
}

/** Axis i of ours is this axis of theirs: [O, I, kh, kw] → [kh, kw, I, O], [O, I] → [I, O]. */
const axesOf = (rank: number): readonly number[] | undefined => ({ 4: [2, 3, 1, 0], 2: [1, 0] })[rank];
const axesBack = (rank: number): readonly number[] | undefined => {
  const axes = axesOf(rank);
  return axes && inverseAxes(axes);
};

/** The network that names under our spelling belong to. @throws CheckpointError where it is none that we have */
function widthsOf(source: string, ours: ReadonlyMap<string, NamedArray>): ResnetWidths {
  const depths = [0, 1, 2, 3].map(
    (s) =>
      new Set(
        [...ours.keys()].flatMap(
          (name) => new RegExp(`^backbone\\.stages\\.${s}\\.blocks\\.(\\d+)`).exec(name)?.[1] ?? [],
        ),
      ).size,
  );
  const block = ours.has('backbone.stages.0.blocks.0.conv3.weight') ? 'bottleneck' : 'basic';
  const found = Object.entries(resnetSpecs).find(
    ([, spec]) => spec.block === block && spec.depths.join() === depths.join(),
  );
  if (found === undefined) {
    const message = `${block} blocks ${depths.join(', ')}: expected those of ResNet-${Object.keys(resnetSpecs).join(', ')}`;
    throw new CheckpointError(source, [{ at: 'layers', message }], 'There is no other ResNet here.');
  }
  return { depth: Number(found[0]) as ResnetDepth, classes: ours.get('head.weight')?.shape[1] };
}

/** Name and shape of each parameter that the network has, in our layout. */
function expectedShapes({ depth, classes }: ResnetWidths): Map<string, readonly number[]> {
  const network = new LinearClassifier(new Resnet(depth), { classes: classes ?? 1 });
  const shapes = [...network.parameters()].map(([name, { shape }]) => [name, shape] as const);
  return new Map(shapes.filter(([name]) => classes !== undefined || !name.startsWith('head.')));
}

export type ResnetConversion = Conversion & { readonly widths: ResnetWidths };

/**
 * torchvision's parameters under our names and in our layout.
 *
 * @throws CheckpointError where they are of no ResNet that we have
 */
export function importTorchvision(source: string, tensors: ReadonlyMap<string, NamedArray>): ResnetConversion {
  const named = [...tensors].map(([name, array]) => {
    const ours = toOurs(withoutBackbone(name));
    return { name, ours, array: ours === undefined ? array : permuted(array, axesOf(array.shape.length)) };
  });
  const ours = new Map(named.flatMap(({ ours, array }) => (ours === undefined ? [] : [[ours, array] as const])));
  const widths = widthsOf(source, ours);
  const expected = expectedShapes(widths);
  const fits = ({ ours, array }: (typeof named)[number]) => expected.get(ours ?? '')?.join() === array.shape.join();
  const known = named.filter(({ ours }) => ours !== undefined && expected.has(ours));
  return {
    direction: 'import',
    widths,
    tensors: new Map(known.filter(fits).map(({ ours, array }) => [ours!, array])),
    mapped: known.filter(fits).map(({ name, ours, array }) => ({ from: name, to: ours!, shape: array.shape })),
    leftOut: named
      .filter(({ ours }) => ours === undefined || !expected.has(ours))
      .map(({ name }) => ({
        name,
        reason: name.endsWith('.num_batches_tracked') ? reasonOfCounter : 'not of the backbone or classifier',
      })),
    otherShape: known
      .filter((one) => !fits(one))
      .map(({ name, ours }) => {
        const shape = expected.get(ours!)!;
        const inFile = axesBack(shape.length)?.map((axis) => shape[axis]!) ?? shape;
        return { name, expected: inFile, found: tensors.get(name)!.shape };
      }),
    missing: [...expected.keys()].filter((name) => !ours.has(name)).map(toTheirs),
  };
}

/** Our parameters of a ResNet under torchvision's names and in PyTorch's layout, for `load_state_dict`. */
export function exportTorchvision(source: string, tensors: ReadonlyMap<string, NamedArray>): ResnetConversion {
  const whole = (name: string) => (/^(stem|stages)\./.test(name) ? `backbone.${name}` : name);
  const ours = new Map([...tensors].map(([name, array]) => [whole(name), array]));
  const ofDetector = [...ours.keys()].some((name) => name.startsWith('neck.'));
  const widths = { ...widthsOf(source, ours), ...(ofDetector && { classes: undefined }) };
  const expected = expectedShapes(widths);
  const known = [...tensors].filter(([name]) => expected.has(whole(name)));
  const fitting = known.filter(([name, { shape }]) => expected.get(whole(name))!.join() === shape.join());
  const mapped = fitting.map(([name, array]) => ({
    from: name,
    to: toTheirs(whole(name)),
    array: permuted(array, axesBack(array.shape.length)),
  }));
  const counters = mapped
    .filter(({ to }) => to.endsWith('.running_mean'))
    .map(({ to }) => to.replace(/running_mean$/, 'num_batches_tracked'));
  const counter = (): NamedArray => ({ dtype: 'I64', shape: [], data: new BigInt64Array(1) });
  return {
    direction: 'export',
    widths,
    tensors: new Map([
      ...mapped.map(({ to, array }) => [to, array] as const),
      ...counters.map((name) => [name, counter()] as const),
    ]),
    mapped: mapped.map(({ from, to, array }) => ({ from, to, shape: array.shape })),
    leftOut: [...tensors.keys()]
      .filter((name) => !expected.has(whole(name)))
      .map((name) => ({ name, reason: 'not of the backbone or classifier' })),
    otherShape: known
      .filter((one) => !fitting.includes(one))
      .map(([name, { shape }]) => ({ name, expected: expected.get(whole(name))!, found: shape })),
    missing: [...expected.keys()].filter((name) => !ours.has(name)),
  };
}
