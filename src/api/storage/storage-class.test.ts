import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { StorageClass } from './storage-class.ts';

/** Texts: kubernetes pkg/apis/storage/validation/validation.go; defaults: pkg/apis/storage/v1/defaults.go. */
describe('StorageClass', () => {
  test('defaults', () => {
    expect(made(StorageClass, { provisioner: 'a.io/b' })).toMatchObject({
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    });
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{}, ['provisioner: Required value']],
    [
      { provisioner: 'a.io/b', allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'a'] }] }] },
      ['allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"'],
    ],
    [{ provisioner: 'a.io/b', parameters: { '': 'x' } }, ['parameters: Invalid value: "": field can not be empty.']],
  ])('%j is refused', (content, expected) => expect(complaints(StorageClass, content)).toEqual(expected));

  test('what volumes were made by does not change', () => {
    const old = { provisioner: 'a.io/b', parameters: { speed: 'slow' } };
    const young = { provisioner: 'a.io/c', parameters: { speed: 'fast' }, reclaimPolicy: 'Retain' };
    expect(updateComplaints(StorageClass, old, young)).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
    ]);
  });

  test('the table marks the default class', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    expect(
      cells(StorageClass, { metadata: { annotations }, provisioner: 'a.io/b', allowVolumeExpansion: true }),
    ).toEqual({
      Name: 'it (default)',
      Provisioner: 'a.io/b',
      ReclaimPolicy: 'Delete',
      VolumeBindingMode: 'Immediate',
      AllowVolumeExpansion: true,
      Age: '60m',
    });
  });
});
