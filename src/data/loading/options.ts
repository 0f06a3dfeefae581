import type { CacheOptions } from '../cache/options.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { ColourProfiles } from '../image/image.js';

/** How a loader works, whatever it loads. None of it changes a byte of the batches, but `colourProfiles` and pictures that cannot be read. */
export interface LoadingOptions {
  /** Threads that decode and transform; 0 does it in this one. Default 1. */
  readonly workers?: number;
  /** Batches that are made before they are asked for. Default 4. */
  readonly prefetch?: number;
  /** Where decoded pictures stay from epoch to epoch. Default: nowhere. */
  readonly cache?: CacheOptions;
  /** A picture that cannot be read: an error, or the good ones of its batch take its place. Default `stop`. */
  readonly onBroken?: 'stop' | 'skip';
  /** Told once about each file that `skip` passed over. */
  readonly onSkipped?: (picture: BrokenPicture) => void;
  /** URL of a module that exports `openDecoder(colourProfiles): DecodeImage`; the reader of all formats by default. */
  readonly decoder?: URL;
  /** What colour profiles in files do. Default `apply`. */
  readonly colourProfiles?: ColourProfiles | undefined;
}
