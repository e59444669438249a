import { expect, test } from 'vitest';
import { formatReference, parseReference } from '../../src/image/reference.ts';
import { testImages } from './images.ts';

test('the names of the images are whole, as a node looks for them', () => {
  for (const { name } of testImages) expect(formatReference(parseReference(name))).toBe(name);
});

test('no two images are the same: tests roll from one to the other', () => {
  const identities = testImages.map(({ layers, config }) => JSON.stringify([layers, config]));
  expect(new Set(identities).size).toBe(testImages.length);
});
