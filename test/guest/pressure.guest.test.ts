/** A node that runs short of disk or of processes: what it frees, whom it evicts, what it says, and that it recovers. */
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/cluster.ts';
import { guestBed, patience, podOf } from './bed.ts';
import { dataFolder } from './root-files.ts';

const MiB = 1024 * 1024;

interface Status {
  readonly phase: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions: readonly { readonly type: string; readonly reason?: string }[];
  readonly containerStatuses?: readonly { readonly restartCount: number }[];
}

describe('pressure', () => {
  const bed = guestBed('pressure');
  const statusOf = async (pod: string): Promise<Status> => (await bed.get<{ status: Status }>('pod', pod)).status;
  const evicted = async (pod: string): Promise<Status> => {
    await bed.phase(pod, 'Failed');
    const status = await statusOf(pod);
    expect(status.reason).toBe('Evicted');
    return status;
  };
  const node = (path: string): Promise<string> => bed.ok('get', 'nodes', '-o', `jsonpath={.items[0]${path}}`);
  const condition = (type: string): Promise<string> => node(`.status.conditions[?(@.type=="${type}")].status`);
  const taints = (): Promise<string> => node('.spec.taints');
  /** The condition is true and the taint is there. */
  const told = (type: string, taint: string): Promise<unknown> =>
    eventually(
      `${type} with its taint`,
      async () =>
        (await condition(type)) === 'True' && (await taints()).includes(`"effect":"NoSchedule","key":"${taint}"`),
      patience,
    );
  const over = (type: string, taint: string): Promise<unknown> =>
    eventually(
      `the end of ${type}`,
      async () => (await condition(type)) === 'False' && !(await taints()).includes(taint),
      patience,
    );
  /** What a pod that comes under pressure is told; it runs when that is over. */
  const comesLater = async (pod: string): Promise<void> => {
    await bed.apply(podOf(pod));
    expect(await bed.event(pod, 'FailedScheduling')).toMatch(/^0\/1 nodes are available: .*untolerated taint/);
  };
  const ranOn = async (...pods: readonly string[]): Promise<void> => {
    for (const pod of pods) {
      const { phase, containerStatuses } = await statusOf(pod);
      expect([pod, phase, containerStatuses?.[0]?.restartCount]).toEqual([pod, 'Running', 0]);
    }
  };

  const ballast = `${dataFolder}/ballast`;
  const available = async (): Promise<number> =>
    Number(await bed.guest.ok(`df --output=avail -B1 ${dataFolder} | tail -1`));
  /** Leaves so many bytes on the node's disk. */
  const fillUp = async (left: number): Promise<void> => {
    const held = Number(await bed.guest.ok(`stat -c %s ${ballast} 2>/dev/null || echo 0`));
    await bed.guest.ok(`fallocate -l ${Math.floor(held + (await available()) - left)} ${ballast}`);
  };
  const spareImage = 'spare.example/tool:1';
  /** An image that one pod needs for a moment, as `docker save` would write it. */
  const loadSpareImage = async (): Promise<void> => {
    await bed.guest.ok(`set -e; mkdir -p /tmp/spare/bin; cd /tmp/spare; cp /bin/busybox bin/; tar -cf layer.tar bin
      diff=$(sha256sum layer.tar | cut -d' ' -f1)
      echo '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:'$diff'"]}}' > config.json
      echo '[{"Config":"config.json","RepoTags":["${spareImage}"],"Layers":["layer.tar"]}]' > manifest.json
      tar -cf image.tar manifest.json config.json layer.tar`);
    const { code, stderr } = await bed.guest.coracle('image', 'load', '/tmp/spare/image.tar');
    expect(code, stderr).toBe(0);
  };
  const writes = (size: number): string => `fallocate -l ${size * MiB} /written`;

  test('a container that fills its disk is evicted at its limit, a volume at its own, and a modest one is not', async () => {
    const limited = (limit: string): object => ({ resources: { limits: { 'ephemeral-storage': limit } } });
    const volume = {
      spec: { volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '10Mi' } }] },
      container: { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] },
    };
    const wait = 'sleep 3600';
    const second = { name: 'second', image: 'busybox', command: ['sleep', '3600'], ...limited('100Mi') };
    const first = {
      name: 'first',
      image: 'busybox',
      command: ['sh', '-c', `${writes(30)}; ${wait}`],
      ...limited('10Mi'),
    };
    await bed.apply(
      podOf('within', `${writes(5)}; ${wait}`, { container: limited('20Mi') }),
      podOf('beyond', `${writes(30)}; echo wrote; ${wait}`, { container: limited('10Mi') }),
      podOf('one-of-two', wait, { spec: { containers: [first, second] } }),
      podOf('scratch', `fallocate -l ${30 * MiB} /scratch/written; ${wait}`, volume),
    );
    await bed.phase('within', 'Running');
    const messages: Record<string, string> = {
      beyond: 'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
      'one-of-two': 'Container first exceeded its local ephemeral storage limit "10Mi". ',
      scratch: 'Usage of EmptyDir volume "scratch" exceeds the limit "10Mi". ',
    };
    for (const [pod, message] of Object.entries(messages)) {
      const status = await evicted(pod);
      expect(status.message).toBe(message);
      expect(status.conditions.map((each) => each.type)).not.toContain('DisruptionTarget');
      expect(await bed.event(pod, 'Evicted')).toBe(message);
    }
    // What they wrote is given back, what they said is kept.
    const files = `find ${dataFolder} -name written -size +20M`;
    await eventually('the disk to be freed', async () => (await bed.guest.ok(files)) === '', patience);
    expect(await bed.ok('logs', 'beyond')).toBe('wrote\n');
    await ranOn('within');
    await bed.delete('within', ...Object.keys(messages));
  });

  test('short of disk, the node frees what belongs to nobody, and then evicts who takes most', async () => {
    await loadSpareImage();
    const spare = { image: spareImage, container: { command: ['/bin/busybox', 'true'] } };
    await bed.apply(
      podOf('done', `${writes(400)}; echo last words`),
      podOf('with-image', '', spare),
      podOf('modest'),
      podOf('filler', `${writes(300)}; sleep 3600`),
    );
    await bed.phase('done', 'Succeeded');
    for (const pod of ['modest', 'filler']) await bed.phase(pod, 'Running');
    await bed.phase('with-image', 'Succeeded');
    const threshold = 0.15 * Number(await bed.guest.ok(`df --output=size -B1 ${dataFolder} | tail -1`));
    try {
      const images = (): Promise<string> => node('.status.images');
      // The node tells of its images now and then.
      await eventually('the image to be there', async () => (await images()).includes(spareImage), patience);
      // Nobody needs it for a while: pressure spares images that are about to be used.
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      // What has ended holds more than is lacking.
      await fillUp(threshold - 100 * MiB);
      await eventually('space to be freed', async () => (await available()) > threshold, patience);
      const name = await bed.ok('get', 'pod', 'modest', '-o', 'jsonpath={.spec.nodeName}');
      const events = await bed.kubectl(
        'get',
        'events',
        '-n',
        'default',
        '--field-selector',
        `involvedObject.name=${name},reason=EvictionThresholdMet`,
        '-o',
        'jsonpath={.items[*].message}',
      );
      expect(events.stdout).toContain('Attempting to reclaim ephemeral-storage');
      await over('DiskPressure', 'node.kubernetes.io/disk-pressure');
      expect(await bed.guest.ok(`find ${dataFolder} -name written -size +390M`)).toBe('');
      expect((await statusOf('done')).phase).toBe('Succeeded');
      expect((await bed.kubectl('logs', 'done')).stderr).toContain('unable to retrieve container logs for ');
      await ranOn('modest', 'filler');
      await eventually('the image to be gone', async () => !(await images()).includes(spareImage), patience);

      // Now there is nothing left that belongs to nobody.
      const noticed = told('DiskPressure', 'node.kubernetes.io/disk-pressure').then(() => comesLater('later'));
      await fillUp(threshold - 100 * MiB);
      const [{ message, conditions }] = await Promise.all([evicted('filler'), noticed]);
      expect(message).toMatch(
        /^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+[KM]?i?, available: \d+Ki\. Container main was using 307\d{3}Ki, request is 0, has larger consumption of ephemeral-storage\. $/,
      );
      expect(conditions.find((each) => each.type === 'DisruptionTarget')?.reason).toBe('TerminationByKubelet');
      await over('DiskPressure', 'node.kubernetes.io/disk-pressure');
      await ranOn('modest');
      await bed.phase('later', 'Running');
    } finally {
      await bed.guest.ok(`rm -f ${ballast}`);
    }
    await bed.delete('done', 'with-image', 'modest', 'filler', 'later');
  });

  test('short of processes, the node evicts who has most, and recovers', async () => {
    await bed.apply(podOf('few'), podOf('many', 'sleep 1000; for i in $(seq 600); do sleep 3600 & done; wait'));
    for (const pod of ['few', 'many']) await bed.phase(pod, 'Running');
    const most = await bed.guest.ok('sysctl -n kernel.threads-max');
    await bed.guest.ok('sysctl -q kernel.threads-max=1200');
    try {
      const noticed = told('PIDPressure', 'node.kubernetes.io/pid-pressure').then(() => comesLater('patient'));
      // Its first sleep ends, and it goes on.
      await bed.exec('many', 'kill $(pidof sleep)').catch(() => '');
      const [{ message }] = await Promise.all([evicted('many'), noticed]);
      expect(message).toMatch(/^The node was low on resource: pids\. Threshold quantity: 500, available: \d+\. $/);
      await over('PIDPressure', 'node.kubernetes.io/pid-pressure');
    } finally {
      await bed.guest.ok(`sysctl -q kernel.threads-max=${most}`);
    }
    await ranOn('few');
    await bed.phase('patient', 'Running');
    await bed.delete('few', 'many', 'patient');
  });

  test('a fork bomb hurts nobody else', async () => {
    await bed.apply(podOf('neighbour'));
    await bed.phase('neighbour', 'Running');
    const system = (): Promise<string> =>
      bed.ok('get', 'pods', '-n', 'kube-system', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}');
    const before = await system();
    await bed.apply(podOf('bomb', 'bomb() { bomb | bomb & }; bomb; sleep 3600'));
    const { uid } = (await bed.get<{ metadata: { uid: string } }>('pod', 'bomb')).metadata;
    const group = `$(find /sys/fs/cgroup -type d -name pod${uid})`;
    const grown = async (): Promise<boolean> => Number(await bed.guest.ok(`cat ${group}/pids.current`)) > 500;
    await eventually('hundreds of processes', grown, patience);
    // While it goes on, or is being dealt with.
    for (let round = 0; round < 5; round += 1) {
      expect(await bed.exec('neighbour', 'echo alive')).toBe('alive');
      expect(await condition('Ready')).toBe('True');
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
    await bed.ok('delete', 'pod', 'bomb', '--grace-period=1', '--timeout=230s');
    expect(await bed.guest.ok(`find /sys/fs/cgroup -type d -name pod${uid}`)).toBe('');
    await ranOn('neighbour');
    expect(await system()).toBe(before);
    await over('MemoryPressure', 'node.kubernetes.io/memory-pressure');
    await over('PIDPressure', 'node.kubernetes.io/pid-pressure');
    await bed.apply(podOf('afterwards'));
    await bed.phase('afterwards', 'Running');
    await bed.delete('neighbour', 'afterwards');
  });
});
