import { expect, test } from 'vitest';
import { preparePodCreate } from './pod-defaults.ts';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';

function created(annotations: Record<string, string>, container: object, shared?: object) {
  const pod = {
    metadata: { name: 'web', annotations },
    spec: { containers: [{ name: 'c', ...container }], ...(shared === undefined ? {} : { securityContext: shared }) },
  };
  preparePodCreate(pod);
  const [first] = pod.spec.containers as { securityContext?: object }[];
  return { annotation: pod.metadata.annotations[`${prefix}c`], context: first?.securityContext };
}

const field = (type: string, localhostProfile?: string): object => ({
  appArmorProfile: { type, ...(localhostProfile === undefined ? {} : { localhostProfile }) },
});

test.each([
  ['unconfined', field('Unconfined')],
  ['runtime/default', field('RuntimeDefault')],
  ['localhost/strict', field('Localhost', 'strict')],
])('the annotation %s and the field stand for each other', (annotation, context) => {
  expect(created({ [`${prefix}c`]: annotation }, {})).toEqual({ annotation, context });
  expect(created({}, { securityContext: context })).toEqual({ annotation, context });
  expect(created({}, {}, context)).toEqual({ annotation, context: undefined });
  // What the pod says already is not said again.
  expect(created({ [`${prefix}c`]: annotation }, {}, context)).toEqual({ annotation, context: undefined });
});

test('what is said twice stays, and what means nothing is not copied', () => {
  const both = { annotation: 'unconfined', context: field('RuntimeDefault') };
  expect(created({ [`${prefix}c`]: 'unconfined' }, { securityContext: both.context })).toEqual(both);
  expect(created({ [`${prefix}c`]: 'localhost/' }, {})).toEqual({ annotation: 'localhost/', context: undefined });
  expect(created({}, {})).toEqual({ annotation: undefined, context: undefined });
});
