import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from '../../src/formats/shellWord.js';

it('plain words stay as they are', () => {
  for (const word of ['photos', 'runs/my-2/best.safetensors', 'C:/a_b.yaml', 'фото/猫.jpg'])
    expect(shellWord(word)).toBe(word);
});

it.skipIf(process.platform === 'win32').each(['my photos', "it's", '$HOME `id` "x" \\n', '', '~', 'a\nb', '*', 'a;b'])(
  'a shell reads %j as one word',
  (text) => {
    const { stdout } = spawnSync('sh', ['-c', `printf '[%s]' ${shellWord(text)}`], { encoding: 'utf8' });
    expect(stdout).toBe(`[${text}]`);
  },
);
