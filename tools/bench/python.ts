/** A Python environment for what cmtdet is measured against, in the system's folder for temporary files, made once. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const packages = [
  'torch==2.9.1',
  'torchvision==0.24.1',
  'numpy==2.4.6',
  'safetensors==0.8.0',
  'onnx==1.23.2',
  'onnxruntime==1.32.0',
];

/** Path of its interpreter; installs what is missing, which takes 3 GB of disk the first time. */
export function benchPython(): string {
  const folder = join(tmpdir(), 'cmtdet-bench-venv');
  const binary = join(folder, 'bin', 'python');
  const record = join(folder, 'ready');
  const wanted = `${packages.join('\n')}\n`;
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return binary;
  console.error(`installing into ${folder}: ${packages.join(', ')}`);
  if (!existsSync(binary)) execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(binary, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' });
  writeFileSync(record, wanted);
  return binary;
}

/** Versions of what was installed, by package name. */
export function peerVersions(): Record<string, string> {
  return Object.fromEntries(packages.map((entry) => entry.split('==') as [string, string]));
}
