import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandError, type CommandRunner } from '../../network/command.ts';
import { AppArmor } from './apparmor.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-apparmor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const loads: string[] = [];
const run: CommandRunner = (file, _args, options) => {
  loads.push(`${file} ${/^profile (\S+)/m.exec(options?.input ?? '')?.[1]}`);
  return Promise.resolve({ code: 0, stdout: '', stderr: '' });
};
const withProfiles = (text: string, enabled = true): AppArmor => {
  const profiles = join(folder, 'profiles');
  writeFileSync(profiles, text);
  loads.length = 0;
  return new AppArmor({ enabled, run, profiles });
};
const runtimeDefault = { apparmor: { type: 'runtimeDefault' }, privileged: false } as const;
const localhost = (name: string) => ({ apparmor: { type: 'localhost', localhost: name }, privileged: true }) as const;

test('the default profile is loaded once, and not for privileged containers', async () => {
  const appArmor = withProfiles('');
  expect(await appArmor.profileFor({ ...runtimeDefault, privileged: true })).toBeUndefined();
  expect(await appArmor.profileFor({ apparmor: { type: 'unconfined' }, privileged: false })).toBeUndefined();
  expect(loads).toEqual([]);
  await Promise.all([appArmor.profileFor(runtimeDefault), appArmor.profileFor(runtimeDefault)]);
  expect(await appArmor.profileFor(runtimeDefault)).toBe('coracle-default');
  expect(loads).toEqual(['apparmor_parser coracle-default']);
});

test("a user's profile must be loaded, by its whole name", async () => {
  const appArmor = withProfiles('deny-write (enforce)\nouter//inner (complain)\n');
  expect(await appArmor.profileFor(localhost('deny-write'))).toBe('deny-write');
  expect(await appArmor.profileFor(localhost('outer//inner'))).toBe('outer//inner');
  await expect(appArmor.profileFor(localhost('deny'))).rejects.toThrow(
    'failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found deny',
  );
});

test('without the parser the error says what to install, and the next container tries again', async () => {
  let installed = false;
  const broken: CommandRunner = (...args) =>
    installed ? run(...args) : Promise.reject(new CommandError('spawn apparmor_parser ENOENT', 'ENOENT'));
  const appArmor = new AppArmor({ enabled: true, run: broken });
  await expect(appArmor.profileFor(runtimeDefault)).rejects.toThrow('install the package apparmor');
  installed = true;
  expect(await appArmor.profileFor(runtimeDefault)).toBe('coracle-default');
});

test('a kernel without AppArmor applies none', async () => {
  expect(await withProfiles('', false).profileFor(runtimeDefault)).toBeUndefined();
  expect(loads).toEqual([]);
});
