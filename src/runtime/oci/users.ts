/** Who a container's process runs as: what the pod says, what the image says, and the image's own /etc/passwd. Pure. */
import type { ContainerSecurity } from '../runtime.ts';

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}

class UserError extends Error {
  override readonly name = 'UserError';
}

/** `imageUser` is the image's USER: `name`, `uid`, `user:group`. `passwd` and `group` are the files' texts. */
export function resolveUser(
  security: Pick<ContainerSecurity, 'user' | 'group' | 'supplementalGroups' | 'supplementalGroupsPolicy'>,
  imageUser: string,
  passwd: string,
  group: string,
): ProcessUser {
  const [imageName = '', imageGroup = ''] = imageUser.split(':');
  const name = security.user ?? imageName;
  const groupName = security.user === undefined ? imageGroup : '';
  const account = findAccount(name === '' ? '0' : name, passwd);
  const gid = security.group ?? (groupName === '' ? account.gid : findGroup(groupName, group));
  const fromImage =
    security.supplementalGroupsPolicy === 'Merge' && account.name !== undefined ? groupsOf(account.name, group) : [];
  return {
    uid: account.uid,
    gid,
    supplementalGroups: [...new Set([gid, ...fromImage, ...security.supplementalGroups])].toSorted((a, b) => a - b),
  };
}

function findAccount(user: string, passwd: string): { name?: string; uid: number; gid: number } {
  const rows = rowsOf(passwd);
  const row = rows.find((fields) => fields[0] === user) ?? rows.find((fields) => fields[2] === user);
  if (row !== undefined) return { name: row[0] ?? '', uid: Number(row[2]), gid: Number(row[3]) };
  if (/^\d+$/.test(user)) return { uid: Number(user), gid: 0 };
  throw new UserError(`unable to find user ${user}: no matching entries in passwd file`);
}

function findGroup(name: string, group: string): number {
  const row = rowsOf(group).find((fields) => fields[0] === name);
  if (row !== undefined) return Number(row[2]);
  if (/^\d+$/.test(name)) return Number(name);
  throw new UserError(`unable to find group ${name}: no matching entries in group file`);
}

function groupsOf(user: string, group: string): readonly number[] {
  const member = (fields: readonly string[]): boolean => (fields[3] ?? '').split(',').includes(user);
  return rowsOf(group)
    .filter(member)
    .map((fields) => Number(fields[2]));
}

function rowsOf(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.trim().split(':')).filter((fields) => /^\d+$/.test(fields[2] ?? ''));
}
