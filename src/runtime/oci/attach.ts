/**
 * Attaching to a container's first process through its monitor. conmon's socket keeps packet boundaries
 * (SOCK_SEQPACKET), which Node cannot open: a small relay in Perl, which every Debian has, puts a length
 * before each packet. The first byte of a packet says which stream it belongs to.
 *
 * The end of input reaches a process whose stdin is open once. Where it stays open for others, the end of input is that
 * of the session: once the process has been silent for a moment, so that its answer is heard.
 */
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { StreamOptions, StreamSession } from '../runtime.ts';
import type { ContainerPaths } from './paths.ts';

const relay = `
use strict; use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die "socket: $!\\n";
connect($s, sockaddr_un($ARGV[0])) or die "connect: $!\\n";
my $open = 1; my $patience = undef;
while (1) {
  my $r = ''; vec($r, fileno($s), 1) = 1; vec($r, 0, 1) = 1 if $open;
  exit 3 if select($r, undef, undef, $patience) == 0;
  if ($open && vec($r, 0, 1)) {
    my $n = sysread(STDIN, my $b, 8192);
    if (!$n) { $open = 0; if ($ARGV[1]) { $patience = 0.2; } else { shutdown($s, 1); } } else { send($s, $b, 0); }
  }
  if (vec($r, fileno($s), 1)) {
    my $n = sysread($s, my $b, 65536); last if !$n;
    my $f = pack('N', $n) . $b;
    while (length $f) { my $w = syswrite(STDOUT, $f); exit if !defined $w; substr($f, 0, $w) = ''; }
  }
}`;

const stderrStream = 3;
/** The relay's exit code when input has ended but the process goes on. */
const detachedCode = 3;

export interface AttachOptions extends StreamOptions {
  /** The process' stdin stays open when this session's ends. */
  readonly leavesStdin: boolean;
}

/** `exited` resolves to the exit code when the container has ended. */
export function attachTo(paths: ContainerPaths, options: AttachOptions, exited: Promise<number>): StreamSession {
  const detaches = options.stdin && options.leavesStdin ? ['detach'] : [];
  const child = spawn('perl', ['-e', relay, paths.attachSocket, ...detaches], { stdio: ['pipe', 'pipe', 'ignore'] });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const finished = Promise.withResolvers<{ exitCode: number }>();
  child.stdin.on('error', () => {});
  child.on('error', (error) => finished.reject(new Error(`cannot attach: ${error.message}`)));
  void demultiplex(child.stdout, stdout, stderr).finally(() => {
    stdout.end();
    stderr.end();
  });
  let detached = false;
  child.on('close', (code) => {
    if (detached || code === detachedCode) finished.resolve({ exitCode: 0 });
    else void exited.then((exitCode) => finished.resolve({ exitCode }));
  });
  return {
    stdin: options.stdin ? child.stdin : undefined,
    stdout: options.stdout ? stdout : void stdout.resume(),
    stderr: options.stderr && !options.tty ? stderr : void stderr.resume(),
    resize: ({ width, height }) => writeControl(paths, `1 ${height} ${width}\n`),
    finished: finished.promise,
    close: () => {
      detached = true;
      child.kill('SIGKILL');
    },
  };
}

/** Tells conmon something: `1 <rows> <columns>` resizes, `2 0 0` reopens the log. */
export function writeControl(paths: ContainerPaths, line: string): void {
  // Not blocking: a monitor that is gone must not hold us up.
  const fifo = openSync(paths.controlFifo, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    writeSync(fifo, line);
  } finally {
    closeSync(fifo);
  }
}

async function demultiplex(frames: AsyncIterable<Buffer>, stdout: PassThrough, stderr: PassThrough): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of frames) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      const target = rest[4] === stderrStream ? stderr : stdout;
      const more = target.write(rest.subarray(5, end));
      rest = rest.subarray(end);
      if (!more) await new Promise((resolve) => target.once('drain', resolve));
    }
  }
}
