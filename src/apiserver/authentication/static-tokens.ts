/** The static token file: lines of `token,user,uid,"group1,group2"`, read once. */
import type { TokenAuthenticator, TokenCheck } from './tokens.ts';
import { allAuthenticated } from './groups.ts';

/** Throws when a line has fewer than three columns. Later lines win, as upstream has it. */
export function staticTokens(csv: string): TokenAuthenticator {
  const users = new Map<string, TokenCheck['user']>();
  csv.split('\n').forEach((line, index) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return;
    const [token = '', username, uid, groups = ''] = columnsOf(line);
    if (username === undefined || uid === undefined || token === '') {
      throw new Error(`line ${index + 1} of the token file must have at least 3 columns: token, user name, user uid`);
    }
    const named = groups.split(',').flatMap((group) => (group.trim() === '' ? [] : [group.trim()]));
    users.set(token, { username, uid, groups: [...named, allAuthenticated] });
  });
  return {
    check(token, audiences) {
      const user = users.get(token);
      return Promise.resolve(user === undefined ? undefined : { user, audiences });
    },
  };
}

/** Columns may stand in double quotes, with quotes inside doubled. */
function columnsOf(line: string): readonly string[] {
  const columns: string[] = [];
  for (const [, quoted, plain = ''] of line.trim().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    columns.push((quoted?.replaceAll('""', '"') ?? plain).trim());
  }
  return columns;
}
