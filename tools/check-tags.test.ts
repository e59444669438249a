import { expect, test } from 'vitest';
import { tagDifferences } from './check-tags.ts';

test('protobuf numbers, merge keys and pointers are those of the types inside helm', () => {
  expect(tagDifferences()).toEqual([]);
}, 60_000);
