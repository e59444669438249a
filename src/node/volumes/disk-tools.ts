/** File systems on block devices, through blkid(8), mkfs(8) and fsck(8). */
import { execFile } from 'node:child_process';
import { VolumeError } from './volume.ts';

export interface DiskTools {
  /** Type of the file system, or of what else is there; undefined when nothing is. Throws VolumeError. */
  contentOf(device: string): Promise<string | undefined>;
  /** Makes a file system. What was there is lost. Throws VolumeError. */
  format(device: string, type: string): Promise<void>;
  /** Repairs what can be repaired without asking; of a file system that is not mounted. Throws VolumeError. */
  repair(device: string): Promise<void>;
}

/** blkid's exit code for: there is nothing that I know. */
const nothing = 2;
/** As shells have it. */
const absent = 127;
/** Exit codes of fsck for: errors are left. Beyond them it says nothing of the file system, as where there is no fsck. */
const uncorrected = { from: 4, to: 7 };

const optionsOf: Readonly<Record<string, readonly string[]>> = {
  ext3: ['-F', '-m0'],
  ext4: ['-F', '-m0'],
  xfs: ['-f'],
};

export const systemDiskTools: DiskTools = {
  async contentOf(device) {
    const { code, stdout, stderr } = await run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device]);
    if (code === nothing) return undefined;
    if (code !== 0) throw new VolumeError(`failed to get disk format of disk ${device}: ${stderr}`);
    const found = new Map(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]));
    // A file system may have been made of a whole disk that had partitions before.
    return found.get('TYPE') ?? (found.has('PTTYPE') ? 'unknown data, probably partitions' : undefined);
  },

  async format(device, type) {
    const { code, stdout, stderr } = await run(`mkfs.${type}`, [...(optionsOf[type] ?? []), device]);
    if (code !== 0) throw new VolumeError(`format of disk ${device} as ${type} failed: ${stderr || stdout}`);
  },

  async repair(device) {
    const { code, stdout, stderr } = await run('fsck', ['-a', device]);
    if (code < uncorrected.from || code > uncorrected.to) return;
    throw new VolumeError(`'fsck' found errors on device ${device} but could not correct them: ${stdout}${stderr}`);
  },
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // No limit of time: large disks take theirs, and what is killed midway has made nothing of use.
    execFile(program, [...args], (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') return resolve({ code, stdout, stderr: stderr.trim() });
      if (code === 'ENOENT')
        return resolve({ code: absent, stdout, stderr: `${program} is not installed on this node` });
      reject(new VolumeError(`${program} ${args.join(' ')}: ${error?.message ?? ''}`));
    });
  });
}
