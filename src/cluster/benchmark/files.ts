/** The files of a cluster that others must not read or change, as they lie on the disk. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { FileFact, FilePurpose } from '../../benchmark/facts.ts';
import { certificatePath } from '../credentials/credentials.ts';
import { writtenKubeconfigs } from '../credentials/kubeconfig.ts';
import type { Layout } from '../layout.ts';
import type { AccessSettings } from '../settings/access-settings.ts';
import type { ClusterSettings } from '../settings/settings.ts';

export function fileFacts(layout: Layout, settings: ClusterSettings, access: AccessSettings): readonly FileFact[] {
  const { pki, dataDir } = layout;
  const inPki = readdirSync(pki);
  const of = (test: RegExp): readonly string[] =>
    inPki.filter((name) => test.test(name)).map((name) => join(pki, name));
  const named = [access.tokenFile, access.tokenWebhook, access.authorization?.webhook].flatMap((path) =>
    path === undefined ? [] : [resolve(dataDir, path)],
  );
  const purposes: Readonly<Record<FilePurpose, readonly string[]>> = {
    settings: [layout.settings, layout.runningSettings, join(dataDir, 'access.json'), ...named],
    store: [layout.store, ...within(layout.store)],
    administrator: [...of(/^admin\.key$/u), ...writtenKubeconfigs(pki)],
    pki: [pki],
    certificate: of(/\.(crt|pub)$/u),
    key: of(/\.key$|^secrets-keys\.json$/u),
    proxy: of(/^kube-proxy\.key$/u),
    node: of(/^node-.+\.key$/u),
    authority: [certificatePath(pki, 'ca')],
    network: settings.runtimeEndpoint === undefined ? [] : within('/etc/cni/net.d'),
  };
  return Object.entries(purposes).flatMap(([purpose, paths]) =>
    paths.flatMap((path) => factOf(path, purpose as FilePurpose)),
  );
}

function within(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

export function factOf(path: string, purpose: FilePurpose): readonly FileFact[] {
  try {
    const stats = statSync(path);
    const { mode, uid, gid } = stats;
    return [{ path, purpose, directory: stats.isDirectory(), mode: mode & 0o777, uid, gid }];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
