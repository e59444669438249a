/** Block devices for tests. */
import { execFileSync } from 'node:child_process';
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';

export interface TestDevice {
  /** `/dev/loop3` */
  readonly path: string;
  /** As containers see it: `7:3`, in decimal. */
  readonly number: string;
  remove(): void;
}

/** A device of a mebibyte that begins with `content`, over a file that is made for it. Needs root. */
export function makeTestDevice(file: string, content = ''): TestDevice {
  writeFileSync(file, content);
  truncateSync(file, 1 << 20);
  const path = execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8' }).trim();
  const { rdev } = statSync(path);
  return {
    path,
    number: `${rdev >> 8}:${rdev & 0xff}`,
    remove() {
      execFileSync('losetup', ['-d', path]);
      rmSync(file);
    },
  };
}
