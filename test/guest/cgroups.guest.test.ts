/** Pods on a machine that has cgroup v2 alone. */
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/cluster.ts';
import { guestBed, patience, podOf } from './bed.ts';

const MiB = 1024 * 1024;
const resourcesOf = (requests: object, limits: object = {}): object => ({ resources: { requests, limits } });

interface PodFacts {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly qosClass: string;
    readonly phase: string;
    readonly reason?: string;
    readonly message?: string;
    readonly containerStatuses: readonly {
      readonly containerID: string;
      readonly restartCount: number;
      readonly state: { readonly terminated?: { readonly reason: string; readonly exitCode: number } };
      readonly resources: { readonly limits?: object; readonly requests?: object };
    }[];
  };
}

describe('cgroup v2', () => {
  const bed = guestBed('cgroup-two');
  const pod = (name: string): Promise<PodFacts> => bed.get<PodFacts>('pod', name);
  const ended = async (name: string) => (await pod(name)).status.containerStatuses[0]?.state.terminated;
  /** Files of a pod's group in the tree of pods, and of those below and above it. */
  const group = async (name: string, file: string): Promise<string> => {
    const { uid } = (await pod(name)).metadata;
    return bed.guest.ok(`cat $(find /sys/fs/cgroup -type d -name pod${uid})/${file}`);
  };
  const own = (name: string, files: string): Promise<string> =>
    bed.exec(name, `cd /sys/fs/cgroup && for f in ${files}; do echo $f $(cat $f); done`);

  test('the guest has nothing else', async () => {
    const found = await bed.guest.ok('stat -f -c %T /sys/fs/cgroup; grep -c " cgroup " /proc/mounts || true');
    expect(found.split('\n')).toEqual(['cgroup2fs', '0']);
  });

  test('limits and requests are what the group says', async () => {
    const container = resourcesOf({ cpu: '250m', memory: '32Mi' }, { cpu: '500m', memory: '64Mi' });
    await bed.apply(podOf('limited', undefined, { container }));
    await bed.phase('limited', 'Running');
    const found = await own('limited', 'cpu.max cpu.weight memory.max memory.swap.max memory.oom.group');
    expect(found.split('\n')).toEqual([
      'cpu.max 50000 100000',
      // 256 shares.
      'cpu.weight 10',
      `memory.max ${64 * MiB}`,
      'memory.swap.max 0',
      'memory.oom.group 1',
    ]);
    expect(await group('limited', 'memory.max')).toBe(`${64 * MiB}`);
    expect(await group('limited', 'cpu.max')).toBe('50000 100000');
    expect(await group('limited', 'pids.max')).toMatch(/^\d+$/);
  });

  test('the tree has a tier for each class, which shares the CPU by what its pods request', async () => {
    const whole = { cpu: '100m', memory: '32Mi' };
    await bed.apply(
      podOf('guaranteed', undefined, { container: resourcesOf(whole, whole) }),
      podOf('burstable', undefined, { container: resourcesOf({ cpu: '500m' }) }),
      podOf('best-effort'),
    );
    const paths: Record<string, string> = {};
    for (const name of ['guaranteed', 'burstable', 'best-effort']) {
      await bed.phase(name, 'Running');
      const { metadata, status } = await pod(name);
      const path = await bed.guest.ok(`find /sys/fs/cgroup -type d -name pod${metadata.uid}`);
      paths[status.qosClass] = path.replace(/.*\/kubepods/, 'kubepods').replace(/pod[0-9a-f-]{36}$/, 'pod');
    }
    expect(paths).toEqual({
      Guaranteed: 'kubepods/pod',
      Burstable: 'kubepods/burstable/pod',
      BestEffort: 'kubepods/besteffort/pod',
    });
    const weights = 'cd /sys/fs/cgroup/coracle-*/kubepods && cat burstable/cpu.weight besteffort/cpu.weight memory.max';
    const [burstable = '', bestEffort, memory = ''] = (await bed.guest.ok(weights)).split('\n');
    // 500m are 512 shares, and so a weight of 20; pods of other tests add to it.
    expect(Number(burstable)).toBeGreaterThanOrEqual(20);
    expect(bestEffort).toBe('1');
    expect(Number(memory)).toBeGreaterThan(1024 * MiB);
  });

  test('memory beyond the limit ends all of the container, as OOMKilled', async () => {
    // The first process would go on if only the second was killed.
    const script = 'tail /dev/zero & wait; echo survived; sleep 3600';
    await bed.apply(podOf('greedy', script, { container: resourcesOf({}, { memory: '24Mi' }) }));
    await bed.phase('greedy', 'Failed');
    expect(await ended('greedy')).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    expect(await bed.ok('logs', 'greedy')).toBe('');
  });

  test('resize in place changes the running group, the container stays', async () => {
    const before = { cpu: '100m', memory: '32Mi' };
    const after = { cpu: '300m', memory: '48Mi' };
    await bed.apply(podOf('resized', undefined, { container: resourcesOf(before, before) }));
    await bed.phase('resized', 'Running');
    const { containerID } = (await pod('resized')).status.containerStatuses[0]!;
    const patch = { spec: { containers: [{ name: 'main', ...resourcesOf(after, after) }] } };
    await bed.ok('patch', 'pod', 'resized', '--subresource', 'resize', '-p', JSON.stringify(patch));
    await eventually(
      'the new size in status',
      async () => {
        const limits = (await pod('resized')).status.containerStatuses[0]?.resources.limits;
        return JSON.stringify(limits) === JSON.stringify(after);
      },
      patience,
    );
    expect((await own('resized', 'cpu.max memory.max memory.oom.group')).split('\n')).toEqual([
      'cpu.max 30000 100000',
      `memory.max ${48 * MiB}`,
      'memory.oom.group 1',
    ]);
    expect([await group('resized', 'cpu.max'), await group('resized', 'memory.max')]).toEqual([
      '30000 100000',
      `${48 * MiB}`,
    ]);
    const [status] = (await pod('resized')).status.containerStatuses;
    expect(status).toMatchObject({ containerID, restartCount: 0 });
  });

  test('a pod has as many processes as it may', async () => {
    await bed.apply(podOf('forker'));
    await bed.phase('forker', 'Running');
    const most = Number(await group('forker', 'pids.max'));
    const { metadata } = await pod('forker');
    await bed.guest.ok(`echo 20 > $(find /sys/fs/cgroup -type d -name pod${metadata.uid})/pids.max`);
    const said = await bed.kubectl('exec', 'forker', '--', 'sh', '-c', 'for i in $(seq 40); do sleep 5 & done; wait');
    expect(`${said.stdout}${said.stderr}`).toContain("can't fork");
    expect(most).toBeGreaterThan(1000);
  });

  test('a stop is graceful: SIGTERM, and what ignores it is killed when its time is over', async () => {
    const polite = 'trap "echo told; exit 0" TERM; while :; do sleep 0.2; done';
    const stubborn = 'trap "" TERM; while :; do sleep 0.2; done';
    const spec = { terminationGracePeriodSeconds: 5 };
    await bed.apply(podOf('polite', polite, { spec }), podOf('stubborn', stubborn, { spec }));
    await bed.phase('polite', 'Running');
    await bed.phase('stubborn', 'Running');
    const { uid } = (await pod('stubborn')).metadata;
    await bed.ok('delete', 'pod', 'polite', 'stubborn', '--timeout=110s');
    expect(await bed.guest.ok(`find /sys/fs/cgroup -type d -name pod${uid}`)).toBe('');
  });

  test('figures: summary, metrics and cAdvisor agree with the group', async () => {
    const script = 'dd if=/dev/zero of=/dev/shm/held bs=1M count=16 2>/dev/null; sleep 3600';
    await bed.apply(podOf('measured', script, { container: resourcesOf({}, { memory: '64Mi' }) }));
    await bed.phase('measured', 'Running');
    await eventually('16 MiB held', async () => (await bed.exec('measured', 'du -m /dev/shm/held')).startsWith('16'));
    const node = await bed.ok('get', 'pod', 'measured', '-o', 'jsonpath={.spec.nodeName}');
    const raw = (path: string): Promise<string> => bed.ok('get', '--raw', `/api/v1/nodes/${node}/proxy/${path}`);
    const summary = JSON.parse(await raw('stats/summary')) as {
      pods: {
        podRef: { name: string };
        memory?: { workingSetBytes: number };
        process_stats?: { process_count: number };
      }[];
    };
    const figures = summary.pods.find(({ podRef }) => podRef.name === 'measured');
    expect(figures?.memory?.workingSetBytes).toBeGreaterThan(16 * MiB);
    expect(figures?.memory?.workingSetBytes).toBeLessThan(32 * MiB);
    expect(figures?.process_stats?.process_count).toBeGreaterThan(0);
    const sample = (text: string, name: string): number =>
      Number(new RegExp(`^${name}\\{[^}]*pod="measured"[^}]*\\} (\\S+)`, 'm').exec(text)?.[1]);
    expect(sample(await raw('metrics/resource'), 'container_memory_working_set_bytes')).toBeGreaterThan(16 * MiB);
    expect(sample(await raw('metrics/cadvisor'), 'container_memory_working_set_bytes')).toBeGreaterThan(16 * MiB);
    expect(sample(await raw('metrics/cadvisor'), 'container_cpu_usage_seconds_total')).toBeGreaterThan(0);
  });

  test('huge pages: counted, mounted, and no more than the limit', async () => {
    const amounts = { 'hugepages-2Mi': '4Mi', memory: '32Mi', cpu: '50m' };
    await bed.apply(
      podOf('huge', undefined, {
        container: { ...resourcesOf(amounts, amounts), volumeMounts: [{ name: 'pages', mountPath: '/pages' }] },
        spec: { volumes: [{ name: 'pages', emptyDir: { medium: 'HugePages' } }] },
      }),
      podOf('no-huge'),
    );
    await bed.phase('huge', 'Running');
    await bed.phase('no-huge', 'Running');
    expect(await bed.exec('huge', 'grep /pages /proc/mounts')).toMatch(/hugetlbfs .*pagesize=2M/);
    expect(await own('huge', 'hugetlb.2MB.max')).toBe(`hugetlb.2MB.max ${4 * MiB}`);
    expect(await group('huge', 'hugetlb.2MB.max')).toBe(`${4 * MiB}`);
    // Who asks for none may have none.
    expect(await own('no-huge', 'hugetlb.2MB.max')).toBe('hugetlb.2MB.max 0');
    expect(await bed.ok('get', 'node', '-o', 'jsonpath={.items[0].status.capacity.hugepages-2Mi}')).toBe('32Mi');
  });

  test('a node that runs out of memory evicts who takes most beyond its request, says so, and recovers', async () => {
    // It stops by itself short of what the kernel would kill for.
    const script = `while [ $(awk '/MemAvailable/ {print $2}' /proc/meminfo) -gt 85000 ]; do
        i=$((i+1)); dd if=/dev/zero of=/memory/$i bs=1M count=20 2>/dev/null
      done; sleep 3600`;
    const memory = {
      spec: { volumes: [{ name: 'memory', emptyDir: { medium: 'Memory' } }] },
      container: { volumeMounts: [{ name: 'memory', mountPath: '/memory' }] },
    };
    await bed.apply(podOf('modest'), podOf('hog', script, memory));
    await bed.phase('modest', 'Running');
    await bed.phase('hog', 'Failed');
    const { status } = await pod('hog');
    expect(status.reason).toBe('Evicted');
    expect(status.message).toMatch(
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+Ki\. Container main was using \d+Ki, request is 0, has larger consumption of memory\. $/,
    );
    expect((await pod('modest')).status.phase).toBe('Running');
    const condition = '{.items[0].status.conditions[?(@.type=="MemoryPressure")].status}';
    const taints = '{.items[0].spec.taints}';
    await eventually(
      'the end of the pressure',
      async () =>
        (await bed.ok('get', 'nodes', '-o', `jsonpath=${condition}`)) === 'False' &&
        !(await bed.ok('get', 'nodes', '-o', `jsonpath=${taints}`)).includes('memory-pressure'),
      patience,
    );
  });
});
