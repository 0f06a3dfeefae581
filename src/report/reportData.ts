/** What a report of a run is made from: plain facts, ready to be laid out. */

import type { CocoHealth } from '../data/coco/health.js';
import type { CocoEvaluation } from '../eval/cocoEval.js';
import type { ConfusionMatrix } from '../eval/confusion.js';
import type { ErrorBreakdown } from '../eval/errorBreakdown.js';
import type { AtScore, Calibration } from '../eval/scoreQuality.js';
import type { PageData, PagePicture } from './pageData.js';

/** Numbers and words of a line of the run's log. */
export type LoggedLine = Readonly<Record<string, number | string | null>> & { readonly step: number };

/** A fact about a run, and what it is. */
export type Fact = readonly [name: string, value: string];

export interface ReportData {
  readonly name: string;
  /** A sentence: network, data, length. */
  readonly summary: string;
  /** The metrics that are shown large, best first. */
  readonly headline: readonly string[];
  /** By which the best measurement is chosen. */
  readonly bestMetric: string;
  readonly training: readonly LoggedLine[];
  /** Numbers of a training line that add up to its loss, by name. */
  readonly lossParts: readonly string[];
  readonly measurements: readonly LoggedLine[];
  readonly best: LoggedLine | undefined;
  /** What the classes and errors of a detector are; undefined for a classifier, or where nothing was measured. */
  readonly measured: MeasuredDetector | undefined;
  readonly data: DataFacts | undefined;
  readonly facts: readonly Fact[];
  /** YAML */
  readonly config: string;
  /** What is not in the report, and why: a sentence each. */
  readonly missing: readonly string[];
  readonly version: string;
}

export interface MeasuredDetector {
  readonly evaluation: CocoEvaluation;
  readonly confusion: ConfusionMatrix;
  readonly errors: ErrorBreakdown;
  readonly calibration: Calibration;
  readonly byScore: readonly AtScore[];
  /** The least score that is best by F1. */
  readonly leastScore: AtScore;
  readonly pictures: ShownPictures;
  /** Pictures of val. */
  readonly count: number;
  /** Of detection, decoding included; undefined where there were too few pictures to tell. */
  readonly picturesPerSecond: number | undefined;
}

/** Pictures that are worth a look, by why. */
export interface ShownPictures {
  readonly categories: PageData['categories'];
  readonly groups: readonly { readonly title: string; readonly why: string; readonly pictures: readonly number[] }[];
  readonly pictures: readonly ShownPicture[];
}

export interface ShownPicture extends PagePicture {
  /** JPEG, perhaps smaller than the picture. */
  readonly jpeg: Buffer;
}

export interface DataFacts {
  readonly train: CocoHealth;
  readonly val: CocoHealth | undefined;
  readonly fit: BoxFit;
}

/** Boxes of the training set as the network sees them, and whether the head can learn them. */
export interface BoxFit {
  readonly boxes: readonly {
    /** Sides in input pixels. */
    readonly width: number;
    readonly height: number;
    /** No anchor overlaps it enough; of a head without anchors, no place need lie inside of it. */
    readonly isBeyond: boolean;
  }[];
  /** [width, height] in input pixels of all anchors; undefined for a head that has none. */
  readonly anchors: readonly (readonly [width: number, height: number])[] | undefined;
}
