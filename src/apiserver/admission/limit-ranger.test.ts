/** Messages: plugin/pkg/admission/limitranger/admission.go. */
import { beforeEach, expect, test } from 'vitest';
import { LimitRange } from '../../api/core/limit-range.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import { podOf, refusalOf, startFixture, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await startFixture();
});

const limit = (...limits: readonly object[]): Promise<unknown> =>
  fixture.api.create(LimitRange, { metadata: { name: 'l', namespace: 'a' }, spec: { limits } });

const pod = (...resources: readonly object[]): object =>
  podOf({ containers: resources.map((each, index) => ({ name: `c${index}`, image: 'i', resources: each })) });

test('what containers leave out is filled in, and the pod says so', async () => {
  await limit({ type: 'Container', default: { cpu: '2', memory: '1Gi' }, defaultRequest: { cpu: '100m' } });
  const initContainers = [{ name: 'i', image: 'i' }];
  const containers = [{ name: 'c', image: 'i', resources: { limits: { cpu: '1' }, requests: { cpu: '50m' } } }];
  const made = await fixture.api.create(Pod, podOf({ containers, initContainers }));
  expect(made.spec?.containers[0]?.resources).toEqual({
    limits: { cpu: '1', memory: '1Gi' },
    requests: { cpu: '50m', memory: '1Gi' },
  });
  expect(made.spec?.initContainers?.[0]?.resources).toEqual({
    limits: { cpu: '2', memory: '1Gi' },
    requests: { cpu: '100m', memory: '1Gi' },
  });
  expect(made.metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger':
      'LimitRanger plugin set: memory request for container c; memory limit for container c; ' +
      'cpu, memory request for init container i; cpu, memory limit for init container i',
  });
});

const max = { type: 'Pod', max: { cpu: '1' } };

test.each<[string, object, object, string]>([
  [
    'too little',
    { type: 'Container', min: { memory: '64Mi' } },
    pod({ requests: { memory: '32Mi' } }),
    'minimum memory usage per Container is 64Mi, but request is 32Mi',
  ],
  ['no limit', max, pod({}), 'maximum cpu usage per Pod is 1.  No limit is specified'],
  [
    'too much together',
    max,
    pod({ limits: { cpu: '600m' } }, { limits: { cpu: '600m' } }),
    'maximum cpu usage per Pod is 1, but limit is 1200m',
  ],
  [
    'a ratio',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    pod({ requests: { cpu: '100m' }, limits: { cpu: '1' } }),
    'cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000',
  ],
  [
    'a ratio of nothing',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    pod({}),
    'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
  ],
  [
    'two faults',
    { type: 'Container', max: { cpu: '1' } },
    pod({ limits: { cpu: '2' } }, { limits: { cpu: '3' } }),
    '[maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Container is 1, but limit is 3]',
  ],
])('%s', async (_what, bounds, object, message) => {
  await limit(bounds);
  expect(await refusalOf(fixture.api.create(Pod, object))).toBe(`pods "p" is forbidden: ${message}`);
});

test('claims lie within bounds', async () => {
  await limit({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
  const claim = (storage: string): Promise<string> =>
    refusalOf(
      fixture.api.create(PersistentVolumeClaim, {
        metadata: { name: 'c', namespace: 'a' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
      }),
    );
  const head = 'persistentvolumeclaims "c" is forbidden:';
  expect(await claim('1Mi')).toBe(`${head} minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi`);
  expect(await claim('3Gi')).toBe(`${head} maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi`);
  expect(await claim('2Gi')).toBe('');
});
