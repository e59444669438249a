import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { pageSizeOf } from './hugepages.ts';

const pod = (...resources: readonly object[]): Pod =>
  ({
    metadata: { name: 'web', uid: 'u' },
    spec: { containers: resources.map((limits, index) => ({ name: `c${index}`, resources: { limits } })) },
  }) as unknown as Pod;

test('the size is the one that the medium names, or the only one that the pod asks for', () => {
  expect(pageSizeOf(pod({ 'hugepages-2Mi': '4Mi' }), 'HugePages')).toBe('2M');
  expect(pageSizeOf(pod({ 'hugepages-2Mi': '4Mi' }, { 'hugepages-1Gi': '1Gi' }), 'HugePages-1Gi')).toBe('1G');
});

test('pages that the pod does not ask for, or several sizes at once, are refused', () => {
  expect(() => pageSizeOf(pod({ cpu: '1' }), 'HugePages')).toThrow('no container of the pod asks for huge pages');
  expect(() => pageSizeOf(pod({ 'hugepages-2Mi': '4Mi' }), 'HugePages-1Gi')).toThrow('asks for hugepages-1Gi');
  const both = pod({ 'hugepages-2Mi': '4Mi' }, { 'hugepages-1Gi': '1Gi' });
  expect(() => pageSizeOf(both, 'HugePages')).toThrow('several sizes');
});
