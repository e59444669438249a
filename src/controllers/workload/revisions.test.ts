import { expect, test } from 'vitest';
import { revisionData, surplusRevisions } from './revisions.ts';

test('the data of a revision have their keys in order: kubectl compares bytes before it rolls back', () => {
  const template = {
    metadata: { labels: { tier: 'web', app: 'shop' } },
    spec: { containers: [{ name: 'web', image: 'web:1', env: [{ value: '1', name: 'A' }] }] },
  };
  expect(JSON.stringify(revisionData(template))).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"shop","tier":"web"}},' +
      '"spec":{"containers":[{"env":[{"name":"A","value":"1"}],"image":"web:1","name":"web"}]}}}}',
  );
});

test.each([
  [0, ['one', 'two']],
  [1, ['one']],
  [2, []],
  // As StatefulSets may say, with a warning: upstream's "a negative value retains all historical revisions".
  [-1, []],
])('a history of %i: %j are beyond it', (revisionHistoryLimit, names) => {
  const metadata = (name: string): object => ({ name, labels: { 'controller-revision-hash': name } });
  const revisions = ['one', 'two'].map((name, index) => ({ metadata: metadata(name), revision: index, data: {} }));
  const owner = { metadata: {}, spec: { revisionHistoryLimit, template: {} } } as never;
  expect(surplusRevisions(owner, revisions as never, new Set()).map(({ metadata: { name } }) => name)).toEqual(names);
});
