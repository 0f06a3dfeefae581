import { parseConfig } from '../../src/config/load.js';
import type { ClassificationConfig, DetectionConfig } from '../../src/config/schema.js';
import type { InputRule } from '../../src/geometry/size.js';
import { buildClassifier, buildDetector } from '../../src/models/build.js';
import { describeDetector, numberedCategories } from '../../src/models/checkpoints/description.js';
import { Classifier } from '../../src/models/classifier.js';
import { Detector } from '../../src/models/detector.js';

const tinyVariant =
  'name: cmt, variant: { dims: [8, 16, 32, 64], stemChannels: 4, depths: [1, 1, 2, 1], ratio: 3.6 }, biasSize: 64, dropPath: 0';
export const tinyCmt = `{ ${tinyVariant} }`;
export const flattenedCmt = `{ ${tinyVariant}, biasResample: flattened }`;
const tinyHead = '{ name: retinanet, convs: 1, norm: group }';
const quickToStart = { fuse: false, optimize: false };

/**
 * A detector of three classes with weights as they are drawn, louder in the head, so that it finds things everywhere.
 *
 * @param shapes that pictures are padded to; by default each has its own
 */
export function tinyDetector(head = tinyHead, backbone = tinyCmt, shapes?: InputRule['shapes']): Detector {
  const model = `{ backbone: ${backbone}, neck: { channels: 32 }, head: ${head} }`;
  const data = '{ shortSide: 96, longSide: 160, train: { annotations: none, images: none } }';
  const config = parseConfig(`{ task: detection, model: ${model}, data: ${data} }`, 'tiny') as DetectionConfig;
  const network = buildDetector(config.model, 3);
  for (const [name, parameter] of network.parameters()) {
    if (name === 'head.classify.bias') parameter.value = parameter.value.map(() => -2);
    else if (/^head\.(classify|regress)\.weight$/.test(name))
      parameter.value = parameter.value.map((weight) => 20 * weight);
  }
  return new Detector(network, describeDetector(config, numberedCategories(3), undefined, shapes), quickToStart);
}

export function tinyClassifier(): Classifier {
  const config = parseConfig(
    `{ task: classification, model: { backbone: ${tinyCmt} }, data: { train: none } }`,
    'tiny',
  );
  return new Classifier(buildClassifier((config as ClassificationConfig).model, 5), quickToStart);
}
