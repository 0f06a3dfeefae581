import { expect, it } from 'vitest';
import type { ReportData } from '../../src/report/reportData.js';
import { trainingSection } from '../../src/report/trainingSection.js';

it('a rate that is next to nothing is drawn as nothing', () => {
  const training = [{ kind: 'train', step: 1, epoch: 1, loss: 0.5, learningRate: 1e-33 }];
  const data = { training, lossParts: [], measurements: [], best: undefined, bestMetric: 'AP', headline: [] };
  expect(String(trainingSection(data as unknown as ReportData))).toContain('learningRate at the end 1e-33');
});
