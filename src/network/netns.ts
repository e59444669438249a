/**
 * Namespaces that outlive their makers: held by bind mounts, without a process in them. One shell makes a
 * pod's namespaces and its link, another takes them away; everything else would cost several processes more.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CommandRunner, runOrThrow } from './command.ts';
import type { PodLink } from './pod-network.ts';

export interface NamespaceFiles {
  /** Files to hold the namespaces by; absent: that namespace is the node's. */
  readonly net?: string;
  readonly ipc?: string;
  readonly uts?: string;
}

export interface NamespacePlan {
  readonly files: NamespaceFiles;
  readonly hostname: string;
  readonly link?: PodLink;
  /** Names with dots or slashes, as sysctl takes them; all of them belong to net or ipc namespaces. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** A tmpfs for /dev/shm shared by the pod's containers. */
  readonly sharedMemory?: { readonly path: string; readonly bytes: number };
}

/** Makes what the plan says. After a failure the caller removes what is there. */
export async function createNamespaces(run: CommandRunner, plan: NamespacePlan): Promise<void> {
  for (const file of filesOf(plan.files)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '', { flag: 'a' });
  }
  if (plan.sharedMemory !== undefined) mkdirSync(plan.sharedMemory.path, { recursive: true });
  await runOrThrow(run, 'sh', ['-ec', script(plan)]);
}

/** Unmounts and deletes; succeeds when they are gone already. */
export async function removeNamespaces(
  run: CommandRunner,
  files: NamespaceFiles,
  hostLink: string | undefined,
  sharedMemory: string | undefined,
): Promise<void> {
  const held = [...filesOf(files), ...(sharedMemory === undefined ? [] : [sharedMemory])];
  const mounted = mountPoints();
  const lines = [
    ...(hostLink === undefined ? [] : [`ip link del dev ${quote(hostLink)} 2>/dev/null || true`]),
    // Lazily: a container's process that is just ending may still be in there.
    ...held.filter((path) => mounted.has(path)).map((path) => `umount -l ${quote(path)}`),
  ];
  if (lines.length > 0) await runOrThrow(run, 'sh', ['-ec', lines.join('\n')]);
  for (const file of filesOf(files)) rmSync(file, { force: true });
}

/** Everything mounted in this mount namespace. */
export function mountPoints(): ReadonlySet<string> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return new Set(lines.map((line) => unescapeMount(line.split(' ')[4] ?? '')));
}

function filesOf(files: NamespaceFiles): readonly string[] {
  return [files.net, files.ipc, files.uts].filter((file) => file !== undefined);
}

function script(plan: NamespacePlan): string {
  const { files, link, sharedMemory } = plan;
  const kinds = (['net', 'ipc', 'uts'] as const).filter((kind) => files[kind] !== undefined);
  const inside = [
    ...(files.uts === undefined ? [] : [`echo ${quote(plan.hostname)} > /proc/sys/kernel/hostname`]),
    ...(files.net === undefined ? [] : [batch(link?.inside('$parent') ?? ['link set lo up'])]),
    ...Object.entries(plan.sysctls).map(([name, value]) => `echo ${quote(value)} > ${quote(sysctlPath(name))}`),
  ];
  const unshare = `unshare ${kinds.map((kind) => `--${kind}=${quote(files[kind] ?? '')}`).join(' ')} -- sh -ec ${quote(inside.join('\n'))}`;
  return [
    'parent=$$; export parent',
    ...(sharedMemory === undefined
      ? []
      : [`mount -t tmpfs -o size=${sharedMemory.bytes},mode=1777,nosuid,nodev,noexec shm ${quote(sharedMemory.path)}`]),
    ...(kinds.length === 0 ? [] : [unshare]),
    ...(link === undefined ? [] : [batch(link.outside)]),
  ].join('\n');
}

function batch(lines: readonly string[]): string {
  return `ip -batch - <<EOF\n${lines.join('\n')}\nEOF`;
}

function sysctlPath(name: string): string {
  return `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** mountinfo writes spaces and the like as octal. */
function unescapeMount(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
