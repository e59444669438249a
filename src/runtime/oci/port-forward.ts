/** Connections to ports inside a sandbox's network namespace, by socat in that namespace. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import net from 'node:net';
import { Duplex } from 'node:stream';

/** Connects to the port on the namespace's loopback, IPv4 first. Rejects when nobody listens. */
export async function connectInside(
  networkNamespace: string | undefined,
  port: number,
): Promise<NodeJS.ReadWriteStream> {
  const connect =
    networkNamespace === undefined ? connectHere : (host: string) => connectBySocat(networkNamespace, host, port);
  const failures: string[] = [];
  for (const host of ['127.0.0.1', '::1']) {
    try {
      return await connect(host, port);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(`failed to connect to localhost:${port} inside namespace: ${failures.join(', ')}`);
}

function connectHere(host: string, port: number): Promise<NodeJS.ReadWriteStream> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function connectBySocat(networkNamespace: string, host: string, port: number): Promise<NodeJS.ReadWriteStream> {
  const target = host.includes(':') ? `TCP6:[${host}]:${port}` : `TCP4:${host}:${port}`;
  // -t: after one direction has ended the other may go on for as long as it likes.
  const args = [
    `--net=${networkNamespace}`,
    '--',
    'socat',
    '-d',
    '-d',
    '-b',
    '131072',
    '-t',
    '86400',
    'STDIN!!STDOUT,shut-close',
    target,
  ];
  const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  await connected(child);
  return duplexOf(child);
}

/** Resolves when socat says that data flows; rejects with its last error when it ends before. */
function connected(child: ChildProcessWithoutNullStreams): Promise<void> {
  return new Promise((resolve, reject) => {
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (words.length > 4096) return;
      words += text;
      if (words.includes('starting data transfer loop')) resolve();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const error = words.split('\n').findLast((line) => / E /.test(line));
      reject(new Error(error?.replace(/^.* E /, '') ?? `socat ended with ${code}`));
    });
  });
}

function duplexOf(child: ChildProcessWithoutNullStreams): Duplex {
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => void child.stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill('SIGKILL');
      done(error);
    },
  });
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.stdout.once('end', () => {
    stream.push(null);
    // The peer has closed: without an end of input socat would wait for us.
    child.stdin.end();
  });
  return stream;
}
