/** Examples at the end of each command's help. docs/cli.md has what they mean. */
import type { Command } from 'commander';

/** By the words of the command, without `npx`. */
const examples: Readonly<Record<string, readonly string[]>> = {
  setup: ['cmtdet setup', 'cmtdet setup --gpu'],
  doctor: ['cmtdet doctor', 'cmtdet doctor my.yaml --placement'],
  demo: ['cmtdet demo', 'cmtdet demo --data-only --out first'],
  new: ['cmtdet new photos --out photos.yaml', 'cmtdet new dataset/data.yaml --out my.yaml --minutes 60'],
  pretrain: ['cmtdet pretrain configs/signdigits_cmt_ti.yaml', 'cmtdet pretrain my.yaml --resume'],
  train: [
    'cmtdet train my.yaml',
    'cmtdet train my.yaml --minutes 20 --init-from runs/other/best.safetensors',
    'cmtdet train my.yaml --resume',
    'cmtdet train photos',
  ],
  replay: ['cmtdet replay runs/my --step 1200'],
  launch: ['cmtdet launch --workers 4 -- train my.yaml', 'cmtdet launch --workers 2 -- profile cmt_s'],
  report: ['cmtdet report runs/my'],
  compare: ['cmtdet compare runs/my runs/my-2 --out both.html'],
  evaluate: [
    'cmtdet evaluate runs/my/best.safetensors --annotations val.json --images photos',
    'cmtdet evaluate runs/my/best.safetensors --annotations val.json --images photos --flip --scales 0.8,1,1.25',
    'cmtdet evaluate --annotations val.json --results detections.json',
  ],
  predict: [
    'cmtdet predict runs/my/best.safetensors photos --out found',
    'cmtdet predict runs/my/best.safetensors drone.jpg --out found --tile 800 --write pictures,coco',
  ],
  export: ['cmtdet export runs/my/best.safetensors --format onnx --out my.onnx'],
  serve: ['cmtdet serve runs/my/best.safetensors --port 8080'],
  info: ['cmtdet info retinanet_cmt_s', 'cmtdet info my.yaml --memory'],
  profile: ['cmtdet profile my.yaml --mode forward'],
  convert: ['cmtdet convert cmt_tiny.pth cmt_ti.safetensors'],
  'precise-bn': ['cmtdet precise-bn runs/my/best.safetensors --out precise.safetensors'],
  completion: ['source <(cmtdet completion bash)'],
  'data check': ['cmtdet data check train.json photos --against val.json'],
  'data preview': ['cmtdet data preview my.yaml --out sheets'],
  'data image': ['cmtdet data image photo.jpg'],
  'data stats': ['cmtdet data stats train.json --out stats.png'],
  'data split': ['cmtdet data split all.json photos --out split --val 0.2'],
  'data merge': ['cmtdet data merge all.json a.json b.json --folders a,b'],
  'data convert': ['cmtdet data convert Annotations train.json --from voc'],
};

/** Adds them to the help of the commands below `command`. @returns the words of commands that have none */
export function addExamples(command: Command, words: readonly string[] = []): string[] {
  return command.commands.flatMap((one) => {
    const own = [...words, one.name()];
    if (one.commands.length > 0) return addExamples(one, own);
    const lines = examples[own.join(' ')];
    if (lines === undefined) return [own.join(' ')];
    one.addHelpText(
      'after',
      `\nExamples:\n${lines.map((line) => `  npx ${line}`.replace('npx source <(', 'source <(npx ')).join('\n')}`,
    );
    return [];
  });
}
