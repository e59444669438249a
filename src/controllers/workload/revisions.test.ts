import { expect, test } from 'vitest';
import { revisionData } from './revisions.ts';

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
