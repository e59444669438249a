import { expect, test } from 'vitest';
import { preparePodCreate } from './pod-defaults.ts';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';

function created(annotations: Record<string, string>, container: object, shared?: object) {
  const warnings: string[] = [];
  const pod = {
    metadata: { name: 'web', annotations },
    spec: { containers: [{ name: 'c', ...container }], ...(shared === undefined ? {} : { securityContext: shared }) },
  };
  preparePodCreate(pod, (text) => warnings.push(text));
  const [first] = pod.spec.containers as { securityContext?: object }[];
  return { annotation: pod.metadata.annotations[`${prefix}c`], context: first?.securityContext, warnings };
}

const field = (type: string, localhostProfile?: string): object => ({
  appArmorProfile: { type, ...(localhostProfile === undefined ? {} : { localhostProfile }) },
});

const told = [`metadata.annotations[${prefix}c]: deprecated since v1.30; use the "appArmorProfile" field instead`];

test.each([
  ['unconfined', field('Unconfined')],
  ['runtime/default', field('RuntimeDefault')],
  ['localhost/strict', field('Localhost', 'strict')],
])(
  'the annotation %s and the field stand for each other; who has given the old form is told so',
  (annotation, context) => {
    const key = `${prefix}c`;
    expect(created({ [key]: annotation }, {})).toEqual({ annotation, context, warnings: told });
    expect(created({}, { securityContext: context })).toEqual({ annotation, context, warnings: [] });
    expect(created({}, {}, context)).toEqual({ annotation, context: undefined, warnings: [] });
    // What the pod says already is not said again.
    expect(created({ [key]: annotation }, {}, context)).toEqual({ annotation, context: undefined, warnings: told });
  },
);

test('what is said twice stays, and what means nothing is not copied', () => {
  const both = { annotation: 'unconfined', context: field('RuntimeDefault'), warnings: [] };
  expect(created({ [`${prefix}c`]: 'unconfined' }, { securityContext: both.context })).toEqual(both);
  const nothing = { context: undefined, warnings: [] };
  expect(created({ [`${prefix}c`]: 'localhost/' }, {})).toEqual({ annotation: 'localhost/', ...nothing });
  expect(created({}, {})).toEqual({ annotation: undefined, ...nothing });
});
