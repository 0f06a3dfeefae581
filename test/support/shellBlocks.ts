import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The code of a Markdown file's blocks in a language, in their order. */
export function codeBlocks(file: string, language: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);
}

/** A copy of what a reader of the docs has in a clone: configs that may be changed, examples, packages. */
export function cloneIn(folder: string): void {
  cpSync('configs', join(folder, 'configs'), { recursive: true });
  for (const name of ['examples', 'node_modules', 'docs']) symlinkSync(resolve(name), join(folder, name));
}

/** Ends training after so many steps, in a config that `cmtdet new` has written. */
export function cutToSteps(config: string, steps: number): void {
  const text = readFileSync(config, 'utf8');
  if (!/^train:$/m.test(text)) throw new Error(`${config} has no section train:\n${text}`);
  writeFileSync(config, text.replace(/^train:$/m, `train:\n  maxSteps: ${steps}`));
}

/** Runs shell text as it is written, but with `npx cmtdet` and `npx tsx` from the sources; gives what it printed, or throws it. */
export function runShell(text: string, folder: string): { readonly stdout: string; readonly stderr: string } {
  const node = `"${process.execPath}" --import tsx`;
  const functions = `npx() {
    local program="$1"; shift
    case "$program" in
      cmtdet) ${node} "${resolve('src/cli/main.ts')}" "$@" ;;
      tsx) ${node} "$@" ;;
      *) echo "npx $program is no command of the docs" >&2; return 1 ;;
    esac
  }`;
  const env = { ...process.env, NO_COLOR: '1', TSX_TSCONFIG_PATH: resolve('tsconfig.json') };
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', `${functions}\n${text}`], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${text}ended with ${status}:\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}
