import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLabelFile } from '../../../src/data/classification/labelFile.js';
import { readMatStructs } from '../../../src/data/classification/matFile.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const root = temporaryFolder();
let folders = 0;

async function write(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/**
 * `scipy.io.savemat(file, {'other': np.eye(2), 'synsets': a}, do_compression=True)` of SciPy with four structs like those of
 * the devkit: 1 n02119789 kit fox, 2 n02100735 English setter, 3 n02110185, and 1001 n02083346, a class above others.
 */
const meta = Buffer.from(
  'TUFUTEFCIDUuMCBNQVQtZmlsZSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC' +
    'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAABSU0PAAAAMQAAAHic42NgYIgAYjYg5oDSIMAK5TNBMSNULL8kI7UI' +
    'SHMCsQIDDHywZ8AKPtgDALo/BTsPAAAARwEAAHic1VPdasIwGP0stdqb4iPkATZI203rlcJ+mDB2MWG7lE7jGmxTaCKuT7FX2aP5CCa2aIkVYb' +
    '3ZPjhpTsI5fN+hcQDgpw1gyW9XwoCi2iU3JVolOhI8Z5wILu9NcMrzR4nJ8/Tt9c7Drjeb3MP7i1wOtUmzBT8wtk5m84jGi4wwgOOuKOUZwLEf' +
    'S+unVYEquzwvajtS+nFFb9bo7Yq+V3KGPdcdDoLhmT7qfDqaj+IrKtAy/drrcUVvX5jDKHe6rm5+0OZvnhuMm+SG8cC/rfRxycfRfBR/YJ8x5R' +
    'GSP5cg2WkOfzu/bqP8XOwG1fyiCz59zUfxKf0gGQ0ZitZ8lV+hELEwIShdoiTNCBKRvBIRzUR+LTYpivcx83+W89N3k5xx4Ps3/TN91PlYmo/i' +
    '85BRRn6XmwGn76NufkObvwd6bUc7TKBIiQ==',
  'base64',
);

describe('readMatStructs', () => {
  it('fields of four structs', () => {
    expect(readMatStructs(meta, 'synsets')).toEqual([
      { ILSVRC2012_ID: 1, WNID: 'n02119789', words: 'kit fox', num_children: 0, children: undefined },
      { ILSVRC2012_ID: 2, WNID: 'n02100735', words: 'English setter', num_children: 0, children: undefined },
      {
        ILSVRC2012_ID: 3,
        WNID: 'n02110185',
        words: 'Siberian husky, a name of more than thirty-two letters',
        num_children: 0,
        children: undefined,
      },
      { ILSVRC2012_ID: 1001, WNID: 'n02083346', words: 'canine', num_children: 2, children: 0 },
    ]);
  });

  it.each([
    ['another variable', meta, 'expected an array of structs called other'],
    ['no MATLAB file', Buffer.alloc(200), 'expected a MATLAB 5 file'],
    ['a cut one', meta.subarray(0, 400), 'it ends in the middle of an element'],
  ])('%s', (_, bytes, message) => {
    expect(() => readMatStructs(bytes, 'other')).toThrow(message);
  });
});

describe('readLabelFile', () => {
  it("Kaggle's: the class before the first box, by the name without its ending", async () => {
    const text =
      'ImageId,PredictionString\nILSVRC2012_val_00048981,n03995372 85 1 499 272 \nILSVRC2012_val_00037956,n03481172 131 0 499 254 n03481172 0 1 2 3 \n';
    const folder = await write({ 'LOC_val_solution.csv': text });
    const classOf = await readLabelFile(join(folder, 'LOC_val_solution.csv'));
    expect(classOf('ILSVRC2012_val_00037956.JPEG')).toBe('n03481172');
    expect(classOf('ILSVRC2012_val_00048981.JPEG')).toBe('n03995372');
    expect(classOf('ILSVRC2012_val_00000001.JPEG')).toBeUndefined();
  });

  it.each<[string, Record<string, string | Uint8Array>]>([
    ['meta.mat', { 'meta.mat': meta }],
    [
      'map_clsloc.txt',
      { 'map_clsloc.txt': 'n02119789 1 kit_fox\nn02100735 2 English_setter\nn02110185 3 Siberian_husky\n' },
    ],
  ])("the devkit's, with %s: line 3 is picture 00000003", async (_, classes) => {
    const folder = await write({ 'ground_truth.txt': '2\n1\n3\n', ...classes });
    const classOf = await readLabelFile(join(folder, 'ground_truth.txt'));
    const files = [1, 2, 3, 4].map((number) => `ILSVRC2012_val_0000000${number}.JPEG`);
    expect(files.map(classOf)).toEqual(['n02100735', 'n02119789', 'n02110185', undefined]);
    expect(classOf('notes.JPEG')).toBeUndefined();
  });

  it('lists the lines that say nothing', async () => {
    const folder = await write({ 'labels.txt': '2\ncat\n7', 'meta.mat': meta });
    await expect(readLabelFile(join(folder, 'labels.txt'))).rejects.toThrow(
      /2 problems\n {2}line 2: expected the number of a class of the devkit, found "cat"\n {2}line 3: .* found "7"\nThe label file is/,
    );
  });

  it('says what the devkit file lacks', async () => {
    const folder = await write({ 'labels.txt': '1' });
    await expect(readLabelFile(join(folder, 'labels.txt'))).rejects.toThrow('meta.mat: not found, nor map_clsloc.txt');
  });

  it('a broken meta.mat is named', async () => {
    const folder = await write({ 'labels.txt': '1', 'meta.mat': 'text' });
    await expect(readLabelFile(join(folder, 'labels.txt'))).rejects.toThrow(
      /meta\.mat: 1 problem\n {2}synsets: expected a MATLAB 5/,
    );
  });

  it('no such file', async () => {
    await expect(readLabelFile(join(root, 'none.csv'))).rejects.toThrow('none.csv: 1 problem');
  });
});
