import { expect, it } from 'vitest';
import { RepairTally } from '../../src/data/repairs.js';

it('a line for each kind, with its count and the first five places; all places on demand, as often as asked for', () => {
  const tally = new RepairTally();
  for (let id = 1; id <= 7; id++) tally.add('{n} boxes are thin', `id ${id}`);
  tally.add('{n} names are odd', 'cat');
  const [thin, odd] = tally.repairs();
  expect(thin).toMatchObject({ message: '7 boxes are thin (id 1, id 2, id 3, id 4, id 5, ...)', count: 7 });
  expect(odd!.message).toBe('1 names are odd (cat)');
  for (const _ of [1, 2]) expect([...thin!.places]).toEqual([1, 2, 3, 4, 5, 6, 7].map((id) => `id ${id}`));
});

it('neighbours of a list are one range', () => {
  const tally = new RepairTally();
  for (const index of [0, 1, 2, 5, 7, 8]) tally.addEntry('{n} annotations have no area', 'annotations', index);
  tally.addEntry('{n} annotations have no area', 'images', 9);
  const [repair] = tally.repairs();
  const places = ['annotations[0 .. 2]', 'annotations[5]', 'annotations[7 .. 8]', 'images[9]'];
  expect([...repair!.places]).toEqual(places);
  expect(repair!.message).toBe(`7 annotations have no area (${places.join(', ')})`);
});

it('a million neighbours are one place', () => {
  const tally = new RepairTally();
  for (let index = 0; index < 1e6; index++) tally.addEntry('{n}', 'annotations', index);
  expect(tally.repairs()[0]!.message).toBe('1000000 (annotations[0 .. 999999])');
});
