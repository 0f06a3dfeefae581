/**
 * Which PyPI wheel holds TensorFlow's C library for which machine, pinned by checksum.
 *
 * The file names carry a Python version, but nothing of Python is used: the cp311 wheels serve any machine.
 * Checksums and sizes are those of the files on the Python Package Index.
 */

export const tensorflowVersion = '2.21.0';

/** Machines for which a wheel with the C library exists. */
export type Platform = 'linux-x64' | 'linux-arm64' | 'darwin-arm64';

/** With or without CUDA. */
export type Flavour = 'cpu' | 'cuda';

/** One wheel to be fetched. */
export interface Wheel {
  /** Name and version as pip takes them, `tensorflow-cpu==2.21.0`. */
  readonly requirement: string;
  readonly sha256: string;
}

/** What one set-up downloads and unpacks. */
export interface LibraryPackage {
  readonly platform: Platform;
  readonly flavour: Flavour;
  /** The wheel of the two libraries first, then what it loads. */
  readonly wheels: readonly Wheel[];
  /** Values of pip's `--platform`. */
  readonly tags: readonly string[];
  readonly downloadBytes: number;
  readonly unpackedBytes: number;
}

/** Newer glibc first; NVIDIA's wheels carry the older spelling, which pip does not translate when it is told a platform. */
const intelTags = ['_2_27', '_2_17', '2014', '_2_12', '2010', '_2_5', '1'].map((glibc) => `manylinux${glibc}_x86_64`);

/**
 * The CUDA 12 libraries at the lower bounds of `tensorflow[and-cuda]` 2.21.0, which are the versions that TensorFlow
 * was built and tested with. NVIDIA's minor-version compatibility asks for driver 525 or newer.
 */
const cudaWheels: readonly Wheel[] = [
  wheel('nvidia-cublas-cu12==12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'),
  wheel('nvidia-cuda-cupti-cu12==12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'),
  wheel('nvidia-cuda-nvcc-cu12==12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'),
  wheel('nvidia-cuda-nvrtc-cu12==12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'),
  wheel('nvidia-cuda-runtime-cu12==12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'),
  wheel('nvidia-cudnn-cu12==9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'),
  wheel('nvidia-cufft-cu12==11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'),
  wheel('nvidia-curand-cu12==10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'),
  wheel('nvidia-cusolver-cu12==11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'),
  wheel('nvidia-cusparse-cu12==12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'),
  wheel('nvidia-nccl-cu12==2.27.7', 'de5ba5562f08029a19cb1cd659404b18411ed0d6c90ac5f52f30bf99ad5809aa'),
  wheel('nvidia-nvjitlink-cu12==12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'),
];

const packages: readonly LibraryPackage[] = [
  {
    platform: 'linux-x64',
    flavour: 'cpu',
    wheels: [wheel('tensorflow-cpu==2.21.0', '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c')],
    tags: intelTags,
    downloadBytes: 273_829_956,
    unpackedBytes: 853_308_936,
  },
  {
    platform: 'linux-x64',
    flavour: 'cuda',
    wheels: [
      wheel('tensorflow==2.21.0', '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124'),
      ...cudaWheels,
    ],
    tags: intelTags,
    downloadBytes: 2_515_548_643,
    unpackedBytes: 4_241_781_792,
  },
  {
    platform: 'linux-arm64',
    flavour: 'cpu',
    wheels: [wheel('tensorflow==2.21.0', '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c')],
    tags: ['manylinux_2_27_aarch64'],
    downloadBytes: 281_828_020,
    unpackedBytes: 883_062_208,
  },
  {
    platform: 'darwin-arm64',
    flavour: 'cpu',
    wheels: [wheel('tensorflow==2.21.0', '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88')],
    tags: ['macosx_12_0_arm64'],
    downloadBytes: 223_405_849,
    unpackedBytes: 740_805_624,
  },
];

/** The package for a machine, or undefined where no wheel has the C library (CUDA is for linux-x64 only). */
export function findPackage(platform: string, flavour: Flavour): LibraryPackage | undefined {
  return packages.find((entry) => entry.platform === platform && entry.flavour === flavour);
}

/** Base names of the two libraries, in the order in which they must be loaded. */
export function libraryNames(platform: string): { framework: string; cc: string } {
  return platform.startsWith('darwin')
    ? { framework: 'libtensorflow_framework.2.dylib', cc: 'libtensorflow_cc.2.dylib' }
    : { framework: 'libtensorflow_framework.so.2', cc: 'libtensorflow_cc.so.2' };
}

function wheel(requirement: string, sha256: string): Wheel {
  return { requirement, sha256 };
}
