// From no data to a detector in use: npx tsx examples/train.ts [KEY=VALUE ...], which change the config, as train.epochs=3
import { Detector, evaluate, generateShapes, loadConfig, predict, train } from 'cmtdet';

const { splits } = await generateShapes('shapes', { train: 300, val: 30 });
const data = Object.entries(splits).map(([split, files]) => `data.${split}=${JSON.stringify(files)}`);
const config = await loadConfig('configs/demo_detector.yaml', [...data, ...process.argv.slice(2)]);

const onEvaluated = (epoch: number, { AP50 }: Readonly<Record<string, number | null>>) => console.log({ epoch, AP50 });
const { checkpoint } = await train({ config, observer: { onEvaluated } });

const { stats, perCategory } = await evaluate({ checkpoint, ...splits.val });
console.log(stats);
console.table(perCategory.map(({ name, AP50 }) => ({ name, AP50 })));

const { pictures } = await predict({ checkpoint, inputs: [splits.val.images], out: 'found', score: 0.5 });
console.log(`${pictures.length} pictures with boxes in found/`);

const detector = await Detector.load(checkpoint);
console.log(await detector.detect(`${splits.val.images}/0001.jpg`, { scoreThreshold: 0.5 }));
await detector.dispose();
