import { DatasetError, type Problem } from '../../errors.js';
import { FieldSet } from '../../formats/json/fieldSet.js';
import { type BoxXywh, type CocoId, describe } from './cocoFile.js';
import { type DetectionColumns, DetectionColumnsBuilder } from './detectionColumns.js';
import { boxProblem, idProblem, numberIdProblem } from './fieldChecks.js';
import { inputName, type JsonInput, readRecordList, withoutPipe } from './records.js';

const resultFields = new FieldSet(['image_id', 'category_id', 'bbox', 'score']);

/**
 * Reads detections in COCO's results format, `[{ image_id, category_id, bbox, score }, ...]`: a path (plain or gzip),
 * JSON text or bytes, or parsed JSON.
 *
 * @throws DatasetError with every entry that has no finite box or score, or no ids
 */
export function parseResults(input: JsonInput, name = 'results'): DetectionColumns {
  const columns = new DetectionColumnsBuilder();
  const problems: Problem[] = [];
  readRecordList(withoutPipe(input), inputName(input, name), {
    fields: resultFields,
    take(record, index) {
      const { image_id, category_id, bbox, score } = (record ?? {}) as Record<string, unknown>;
      const known = isDetection(image_id, category_id, bbox, score) ? [] : resultProblems(`[${index}]`, record);
      problems.push(...known);
      if (known.length > 0) return;
      const [x, y, width, height] = bbox as BoxXywh;
      columns.addXywh(image_id as CocoId, category_id as number, x, y, width, height, score as number);
    },
  });
  if (problems.length > 0) throw new DatasetError(inputName(input, name), problems);
  return columns.columns();
}

/** Right at a glance, which nearly all are; string ids take the slower way. */
function isDetection(imageId: unknown, categoryId: unknown, box: unknown, score: unknown): boolean {
  if (!Number.isSafeInteger(imageId) || !Number.isSafeInteger(categoryId) || !Number.isFinite(score)) return false;
  return Array.isArray(box) && box.length === 4 && box.every(Number.isFinite);
}

function resultProblems(at: string, record: unknown): Problem[] {
  if (!record || typeof record !== 'object' || Array.isArray(record)) {
    return [{ at, message: `expected an object, found ${describe(record)}` }];
  }
  const { image_id, category_id, bbox, score } = record as Record<string, unknown>;
  return Object.entries({
    image_id: idProblem(image_id),
    category_id: numberIdProblem(category_id),
    bbox: boxProblem(bbox),
    score: Number.isFinite(score) ? undefined : `expected a finite number, found ${describe(score)}`,
  }).flatMap(([field, message]) => (message ? [{ at: `${at}.${field}`, message }] : []));
}
