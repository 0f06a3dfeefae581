/**
 * What several padded shapes cost the beginning of a training: seconds from the call of `train` to its 20th and its 60th update, with as many shapes as
 * the config allows and with one.
 *
 *   npx tsx tools/bench-first-steps.ts CONFIG [--rounds 2]
 *
 * Each run is a process of its own and ends after its last update; the two kinds take turns. Below: the ratio of the medians.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { print, table } from '../src/cli/console.js';
import { loadConfig } from '../src/config/load.js';
import type { DetectionConfig } from '../src/config/schema.js';
import { UsageError } from '../src/errors.js';
import { train } from '../src/run/train.js';
import { runJob } from './bench/job.js';
import { quantile } from './bench/statistics.js';

const { positionals, values } = parseArgs({
  options: { rounds: { type: 'string', default: '2' }, shapes: { type: 'string' } },
  allowPositionals: true,
});
const [file] = positionals;
if (file === undefined) throw new UsageError('bench-first-steps.ts CONFIG: expected the config of a detector');
const marks = [20, 60];

if (values.shapes !== undefined) await run(file, Number(values.shapes));
else await compare(file);

/** One run: prints the seconds to each mark. */
async function run(file: string, shapes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cmtdet-first-'));
  const config = await loadConfig(file, [`data.maxShapes=${shapes}`]);
  const seconds: number[] = [];
  const started = performance.now();
  const onStep = ({ step }: { step: number }) => {
    if (marks.includes(step)) seconds.push((performance.now() - started) / 1000);
    if (seconds.length < marks.length) return;
    console.log(JSON.stringify(seconds));
    rmSync(folder, { recursive: true });
    process.exit(0);
  };
  await train({ config, run: join(folder, 'run'), observer: { onStep } });
  rmSync(folder, { recursive: true });
  throw new UsageError(`${file} ends before update ${marks.at(-1)}`);
}

async function compare(file: string): Promise<void> {
  const { data } = (await loadConfig(file)) as DetectionConfig;
  const kinds = [data.maxShapes, 1];
  const seconds: number[][][] = kinds.map(() => []);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [kind, shapes] of kinds.entries()) {
      const args = ['--import', 'tsx', fileURLToPath(import.meta.url), file, '--shapes', String(shapes)];
      seconds[kind]!.push(await runJob<number[]>(process.execPath, args, { seconds: 900 }));
    }
  const medians = seconds.map((rounds) =>
    marks.map((_, mark) =>
      quantile(
        rounds.map((run) => run[mark]!),
        0.5,
      ),
    ),
  );
  const rows = kinds.map((shapes, kind) => [`at most ${shapes}`, ...medians[kind]!.map((s) => s.toFixed(1))]);
  const ratios = marks.map((_, mark) => (medians[0]![mark]! / medians[1]![mark]!).toFixed(2));
  print(table(['shapes', ...marks.map((mark) => `s to update ${mark}`)], [...rows, ['ratio', ...ratios]]));
}
