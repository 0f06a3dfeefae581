/** tfjs-node 4.22 calls `util.isNullOrUndefined`, which later Nodes warn about and Node 23 removed. Imported before tfjs-node, for its effect. */
import util from 'node:util';

const nodeUtil = util as unknown as Record<string, unknown>;
nodeUtil.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
nodeUtil.isArray = Array.isArray;
