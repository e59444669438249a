import { expect, test } from 'vitest';
import { staticTokens } from './static-tokens.ts';

test('lines of the token file name a user, an id and groups', async () => {
  const tokens = staticTokens('s3cret,ann,7,"dev,ops"\n\nplain,bob,8\n# a note\nq,"a ""b""",9,x\n');
  const user = async (token: string): Promise<unknown> => (await tokens.check(token, ['api']))?.user;
  expect(await user('s3cret')).toEqual({ username: 'ann', uid: '7', groups: ['dev', 'ops', 'system:authenticated'] });
  expect(await user('plain')).toEqual({ username: 'bob', uid: '8', groups: ['system:authenticated'] });
  expect(await user('q')).toEqual({ username: 'a "b"', uid: '9', groups: ['x', 'system:authenticated'] });
  expect(await user('other')).toBeUndefined();
  expect(() => staticTokens('only,two')).toThrow('line 1 of the token file must have at least 3 columns');
});
