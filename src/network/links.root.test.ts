import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linkNames } from './links.ts';

test('links are those in the namespace of the process, whatever /sys shows', () => {
  const module = join(import.meta.dirname, 'links.ts');
  const program = `import { linkNames } from '${module}'; console.log(linkNames().join(' '))`;
  const script = `ip link add cor-test type bridge; exec "$0" --input-type=module -e "$1"`;
  const output = execFileSync('unshare', ['--net', 'sh', '-ec', script, process.execPath, program], {
    encoding: 'utf8',
  });
  expect(output.trim().split(' ')).toEqual(expect.arrayContaining(['lo', 'cor-test']));
  expect(linkNames()).toContain('lo');
  expect(linkNames()).not.toContain('cor-test');
});
