/**
 * How the authors' release names and lays out the parameters of CMT, beside our names and layouts.
 *
 * One list says both, and each parameter's shape, so that reading, writing and checking of a checkpoint cannot disagree.
 * Source: huawei-noah/Efficient-AI-Backbones, cmt_pytorch/cmt.py (`CMT`), and PyTorch's layouts of Conv2d and Linear.
 */

/** Sides of an array; undefined where a checkpoint does not say. */
export type PartialShape = readonly (number | undefined)[];

/** The widths of one network: what its parameters' shapes follow from. Undefined where a checkpoint does not say. */
export interface CmtWidths {
  readonly stem: number;
  /** Of the four stages: channels, blocks, hidden width of the feed-forward networks, heads, side of a key in tokens. */
  readonly dims: readonly number[];
  readonly depths: readonly number[];
  readonly hidden: readonly number[];
  readonly heads: readonly number[];
  readonly reductions: readonly number[];
  /** Image side, in pixels, that the position bias is laid out for. */
  readonly inputSize: number | undefined;
  /** Of the classifier: width between the last map and the classes, and their number. */
  readonly headChannels: number | undefined;
  readonly classes: number | undefined;
}

/** One parameter under both names. */
export interface NamePair {
  readonly theirs: string;
  /** Field path in `CmtClassifier`; undefined for what only PyTorch keeps (a step counter in each BatchNorm). */
  readonly ours: string | undefined;
  /** Axis i of ours is axis `axes[i]` of theirs; undefined where both are alike. */
  readonly axes: readonly number[] | undefined;
  /** In our layout; undefined where the network has no such parameter. */
  shape(widths: CmtWidths): PartialShape | undefined;
}

/** Sides of a module's parameters; a depth-wise convolution and a norm have `output` channels. */
interface Sides {
  readonly kernel?: number | undefined;
  readonly input?: number | undefined;
  readonly output: number | undefined;
}

interface Field {
  readonly theirs: string;
  readonly ours: string | undefined;
  readonly axes?: readonly number[];
  readonly shape: (sides: Sides) => PartialShape;
}

const perChannel = (theirs: string, ours = theirs): Field => ({ theirs, ours, shape: ({ output }) => [output] });

/** The parameters of each kind of module. */
const fieldsOf = {
  // [O, I, kh, kw] → [kh, kw, I, O]
  conv: [
    {
      theirs: 'weight',
      ours: 'weight',
      axes: [2, 3, 1, 0],
      shape: ({ kernel, input, output }) => [kernel, kernel, input, output],
    },
    perChannel('bias'),
  ],
  // [C, 1, kh, kw] → [kh, kw, C, 1]
  depthwise: [
    {
      theirs: 'weight',
      ours: 'weight',
      axes: [2, 3, 0, 1],
      shape: ({ kernel, output }) => [kernel, kernel, output, 1],
    },
    perChannel('bias'),
  ],
  // [O, I] → [I, O]
  linear: [
    { theirs: 'weight', ours: 'weight', axes: [1, 0], shape: ({ input, output }) => [input, output] },
    perChannel('bias'),
  ],
  layerNorm: [perChannel('weight'), perChannel('bias')],
  batchNorm: [
    perChannel('weight'),
    perChannel('bias'),
    perChannel('running_mean', 'mean'),
    perChannel('running_var', 'variance'),
    { theirs: 'num_batches_tracked', ours: undefined, shape: () => [] },
  ],
} as const satisfies Record<string, readonly Field[]>;

/** Undefined where the network has no such module. */
type SidesOf = (widths: CmtWidths) => Sides | undefined;

function* fields(kind: keyof typeof fieldsOf, theirs: string, ours: string, sides: SidesOf): Generator<NamePair> {
  for (const field of fieldsOf[kind] as readonly Field[]) {
    yield {
      theirs: `${theirs}.${field.theirs}`,
      ours: field.ours && `${ours}.${field.ours}`,
      axes: field.axes,
      shape: (widths) => {
        const known = sides(widths);
        return known && field.shape(known);
      },
    };
  }
}

/** Every parameter of a backbone with `depths` blocks in its stages, then those of the classifier. */
export function* cmtNames(depths: readonly number[]): Generator<NamePair> {
  for (const n of [1, 2, 3]) {
    const conv: SidesOf = ({ stem }) => ({ kernel: 3, input: n === 1 ? 3 : stem, output: stem });
    yield* fields('conv', `stem_conv${n}`, `backbone.stem.conv${n}`, conv);
    yield* fields('batchNorm', `stem_norm${n}`, `backbone.stem.norm${n}`, ({ stem }) => ({ output: stem }));
  }
  for (const [s, depth] of depths.entries()) {
    yield* stageNames(s);
    for (let block = 0; block < depth; block++) yield* blockNames(s, block);
  }
  yield* classifierNames();
}

function* classifierNames(): Generator<NamePair> {
  const inClassifier =
    (sides: (widths: CmtWidths) => Sides): SidesOf =>
    (widths) =>
      widths.headChannels === undefined && widths.classes === undefined ? undefined : sides(widths);
  const expand = inClassifier((w) => ({ kernel: 1, input: w.dims.at(-1), output: w.headChannels }));
  const expandNorm = inClassifier((w) => ({ output: w.headChannels }));
  const head = inClassifier((w) => ({ input: w.headChannels, output: w.classes }));
  yield* fields('conv', '_fc', 'expand', expand);
  yield* fields('batchNorm', '_bn', 'expandNorm', expandNorm);
  yield* fields('linear', 'head', 'head', head);
}

const stageLetters = ['a', 'b', 'c', 'd'] as const;

/** What a stage has once: patch aggregation, and the position bias [heads, N, Nk] that its blocks share. */
function* stageNames(s: number): Generator<NamePair> {
  const theirs = `patch_embed_${stageLetters[s]}`;
  const ours = `backbone.stages.${s}`;
  const conv: SidesOf = ({ stem, dims }) => ({ kernel: 2, input: s === 0 ? stem : dims[s - 1], output: dims[s] });
  yield* fields('conv', `${theirs}.proj`, `${ours}.patch.conv`, conv);
  yield* fields('layerNorm', `${theirs}.norm`, `${ours}.patch.norm`, ({ dims }) => ({ output: dims[s] }));
  yield {
    theirs: `relative_pos_${stageLetters[s]}`,
    ours: `${ours}.positionBias`,
    axes: undefined,
    shape: ({ heads, reductions, inputSize }) => {
      if (inputSize === undefined) return [heads[s], undefined, undefined];
      const side = inputSize / 2 ** (s + 2);
      return [heads[s], side ** 2, (side / reductions[s]!) ** 2];
    },
  };
}

function* blockNames(s: number, block: number): Generator<NamePair> {
  const theirs = `blocks_${stageLetters[s]}.${block}`;
  const ours = `backbone.stages.${s}.blocks.${block}`;
  const channels: SidesOf = ({ dims }) => ({ output: dims[s] });
  const hidden: SidesOf = ({ hidden }) => ({ output: hidden[s] });
  const square: SidesOf = ({ dims }) => ({ input: dims[s], output: dims[s] });
  const widen: SidesOf = ({ dims, hidden }) => ({ kernel: 1, input: dims[s], output: hidden[s] });
  const narrow: SidesOf = ({ dims, hidden }) => ({ kernel: 1, input: hidden[s], output: dims[s] });
  const local: SidesOf = ({ hidden }) => ({ kernel: 3, output: hidden[s] });
  // Where a key is a single token, nothing is reduced, and the release has no such layers.
  const reduction: SidesOf = ({ dims, reductions }) =>
    reductions[s] === 1 ? undefined : { kernel: reductions[s], output: dims[s] };

  yield* fields('depthwise', `${theirs}.proj`, `${ours}.lpu`, ({ dims }) => ({ kernel: 3, output: dims[s] }));
  yield* fields('layerNorm', `${theirs}.norm1`, `${ours}.norm1`, channels);
  yield* fields('linear', `${theirs}.attn.q`, `${ours}.attention.query`, square);
  yield* fields('linear', `${theirs}.attn.k`, `${ours}.attention.key`, square);
  yield* fields('linear', `${theirs}.attn.v`, `${ours}.attention.value`, square);
  yield* fields('linear', `${theirs}.attn.proj`, `${ours}.attention.project`, square);
  yield* fields('depthwise', `${theirs}.attn.sr.0`, `${ours}.attention.reduce`, reduction);
  yield* fields('batchNorm', `${theirs}.attn.sr.1`, `${ours}.attention.reduceNorm`, reduction);
  yield* fields('layerNorm', `${theirs}.norm2`, `${ours}.norm2`, channels);
  yield* fields('conv', `${theirs}.mlp.conv1.0`, `${ours}.irffn.expand`, widen);
  yield* fields('batchNorm', `${theirs}.mlp.conv1.2`, `${ours}.irffn.expandNorm`, hidden);
  yield* fields('depthwise', `${theirs}.mlp.proj`, `${ours}.irffn.local`, local);
  yield* fields('batchNorm', `${theirs}.mlp.proj_bn`, `${ours}.irffn.localNorm`, hidden);
  yield* fields('conv', `${theirs}.mlp.conv2.0`, `${ours}.irffn.project`, narrow);
  yield* fields('batchNorm', `${theirs}.mlp.conv2.1`, `${ours}.irffn.projectNorm`, channels);
}
