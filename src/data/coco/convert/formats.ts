import type { AnnotationFormat } from './annotated.js';
import { csvFormat } from './csv.js';
import { cvatFormat } from './cvat.js';
import { labelmeFormat } from './labelme.js';
import { labelStudioFormat } from './labelStudio.js';
import { viaFormat } from './via.js';
import { type VocOptions, type VocPixels, vocFormat } from './voc.js';
import { yoloFormat } from './yolo.js';

/** What some formats need to be told. */
export interface FormatOptions {
  /** VOC: `inclusive` unless said; CSV: `edges`. */
  readonly pixels?: VocPixels | undefined;
  /** VOC. */
  readonly difficult?: VocOptions['difficult'] | undefined;
  /** YOLO: `data.yaml` or a text file with a name a line; CSV: Open Images' class descriptions. */
  readonly names?: string | undefined;
}

interface Entry {
  /** Those that mean something for the format. */
  readonly takes: readonly (keyof FormatOptions)[];
  readonly open: (input: string, options: FormatOptions) => AnnotationFormat;
}

/** A new format is a file beside this one, and a line here. */
export const formats = {
  voc: {
    takes: ['pixels', 'difficult'],
    open: (_, { pixels = 'inclusive', difficult = 'crowd' }) => vocFormat({ pixels, difficult }),
  },
  yolo: { takes: ['names'], open: (input, { names }) => yoloFormat(input, names) },
  labelme: { takes: [], open: labelmeFormat },
  csv: { takes: ['pixels', 'names'], open: (_, { pixels = 'edges', names }) => csvFormat({ pixels, names }) },
  via: { takes: [], open: viaFormat },
  cvat: { takes: [], open: cvatFormat },
  labelstudio: { takes: [], open: labelStudioFormat },
} as const satisfies Record<string, Entry>;

export type FormatName = keyof typeof formats;
