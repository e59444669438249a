/**
 * Pods. Texts and defaults are upstream's: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go,
 * pkg/registry/core/pod/strategy.go and pkg/printers/internalversion/printers.go (printPod).
 */
import { describe, expect, test } from 'vitest';
import { faultMessage } from '../../schema/fault.ts';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { preparePodCreate } from './pod-defaults.ts';
import { qosClassOf } from './pod-qos.ts';
import { Pod } from './pod.ts';
import { podResizeFaults } from './validate-pod-resize.ts';
import { bindingFaults, ephemeralContainersUpdateFaults } from './validate-pod.ts';

type Json = Readonly<Record<string, unknown>>;

const container = (more: Json = {}): Json => ({ name: 'web', image: 'nginx:1.27', ...more });
const pod = (spec: Json = {}): Json => ({ spec: { containers: [container()], ...spec } });
const withContainer = (more: Json): Json => pod({ containers: [container(more)] });

describe('defaults', () => {
  test('of a pod that says only which image', () => {
    expect(made(Pod, { spec: { containers: [{ name: 'web', image: 'nginx' }] } })['spec']).toEqual({
      containers: [
        {
          name: 'web',
          image: 'nginx',
          resources: {},
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
    });
  });

  test.for([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['registry:5000/nginx', 'Always'],
    ['registry:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:0123', 'IfNotPresent'],
    ['nginx:latest@sha256:0123', 'Always'],
  ])('image %s is pulled %s', ([image, policy]) => {
    const spec = made(Pod, pod({ containers: [{ name: 'web', image }] }))['spec'];
    expect(spec).toMatchObject({ containers: [{ imagePullPolicy: policy }] });
  });

  test('an empty text counts as not given, and so does a probe that says 0', () => {
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 0 };
    const spec = made(Pod, withContainer({ imagePullPolicy: '', livenessProbe: probe }))['spec'];
    expect(spec).toMatchObject({
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          livenessProbe: { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
        },
      ],
    });
  });

  test('a request that is missing is its limit', () => {
    const spec = made(
      Pod,
      withContainer({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } } }),
    )['spec'];
    expect(spec).toMatchObject({ containers: [{ resources: { requests: { cpu: '100m', memory: '1Gi' } } }] });
  });

  test("on the host network, ports are the host's", () => {
    const spec = made(Pod, pod({ hostNetwork: true, containers: [container({ ports: [{ containerPort: 80 }] })] }))[
      'spec'
    ];
    expect(spec).toMatchObject({ containers: [{ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }] });
  });

  test('of volumes and what they hold', () => {
    const volumes = [
      { name: 'none' },
      { name: 'secret', secret: { secretName: 'a' } },
      { name: 'host', hostPath: { path: '/' } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
    ];
    expect(made(Pod, pod({ volumes }))['spec']).toMatchObject({
      volumes: [
        { emptyDir: {} },
        { secret: { defaultMode: 420 } },
        { hostPath: { type: '' } },
        { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
      ],
    });
  });

  test('the old name of the service account follows the new one, and the other way round', () => {
    expect(made(Pod, pod({ serviceAccount: 'a' }))['spec']).toMatchObject({ serviceAccountName: 'a' });
    expect(made(Pod, pod({ serviceAccountName: 'b' }))['spec']).toMatchObject({ serviceAccount: 'b' });
  });
});

describe('a new pod', () => {
  test('is pending, whatever status the client sent', () => {
    const draft: Record<string, unknown> = { ...pod(), status: { phase: 'Running' } };
    preparePodCreate(draft);
    expect(draft['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test('waits behind its gates', () => {
    const draft: Record<string, unknown> = { ...pod({ schedulingGates: [{ name: 'a/b' }] }) };
    preparePodCreate(draft);
    expect(draft['status']).toMatchObject({
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
    });
  });

  test.for([
    [{}, 'BestEffort'],
    [{ requests: { cpu: '0' } }, 'BestEffort'],
    [{ requests: { cpu: '1' } }, 'Burstable'],
    [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
    [{ requests: { cpu: '1000m', memory: '1Gi' }, limits: { cpu: '1', memory: '1024Mi' } }, 'Guaranteed'],
    [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } }, 'Burstable'],
    [{ limits: { 'nvidia.com/gpu': '1' } }, 'BestEffort'],
  ] as const)('with resources %j is %s', ([resources, expected]) => {
    expect(qosClassOf({ containers: [{ resources }] })).toBe(expected);
  });
});

describe('rules', () => {
  test('a plain pod is fine', () => expect(complaints(Pod, pod())).toEqual([]));

  const upperCase =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  const port = 'must be between 1 and 65535, inclusive';

  test.for<[string, Json, string[]]>([
    ['no containers', { spec: { containers: [] } }, ['spec.containers: Required value']],
    [
      'a bad container name',
      withContainer({ name: 'Web' }),
      [`spec.containers[0].name: Invalid value: "Web": ${upperCase}`],
    ],
    ['no image', withContainer({ image: '' }), ['spec.containers[0].image: Required value']],
    [
      'an image with a space',
      withContainer({ image: ' nginx' }),
      ['spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ],
    [
      'two containers of one name',
      pod({ containers: [container(), container()] }),
      ['spec.containers[1].name: Duplicate value: "web"'],
    ],
    [
      'port 0',
      withContainer({ ports: [{ containerPort: 0 }] }),
      ['spec.containers[0].ports[0].containerPort: Required value'],
    ],
    [
      'a port out of range',
      withContainer({ ports: [{ containerPort: 70000 }] }),
      [`spec.containers[0].ports[0].containerPort: Invalid value: 70000: ${port}`],
    ],
    [
      'two ports of one name',
      withContainer({
        ports: [
          { name: 'http', containerPort: 1 },
          { name: 'http', containerPort: 2 },
        ],
      }),
      ['spec.containers[0].ports[1].name: Duplicate value: "http"'],
    ],
    [
      'one host port twice',
      withContainer({
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      }),
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'a mount without its volume',
      withContainer({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ],
    [
      'two mounts in one place',
      pod({
        volumes: [{ name: 'data' }],
        containers: [
          container({
            volumeMounts: [
              { name: 'data', mountPath: '/data' },
              { name: 'data', mountPath: '/data' },
            ],
          }),
        ],
      }),
      ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique'],
    ],
    [
      'a volume of two types',
      pod({ volumes: [{ name: 'data', emptyDir: {}, hostPath: { path: '/' } }] }),
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a mode that is no mode',
      pod({ volumes: [{ name: 'data', secret: { secretName: 's', defaultMode: 1024 } }] }),
      [
        'spec.volumes[0].secret.defaultMode: Invalid value: 1024: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    [
      'a request above its limit',
      withContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      'an amount below nothing',
      withContainer({ resources: { requests: { memory: '-1' } } }),
      ['spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      'a resource that is none',
      withContainer({ resources: { requests: { gold: '1' } } }),
      [
        'spec.containers[0].resources.requests[gold]: Invalid value: "gold": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[gold]: Invalid value: "gold": must be a standard resource for containers',
      ],
    ],
    [
      'a device asked for without a limit',
      withContainer({ resources: { requests: { 'nvidia.com/gpu': '1' } } }),
      ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
    ],
    [
      'a probe of no kind',
      withContainer({ livenessProbe: {} }),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'a probe of two kinds',
      withContainer({ livenessProbe: { httpGet: { port: 80 }, exec: { command: ['true'] } } }),
      ['spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type'],
    ],
    [
      'a liveness probe that must succeed twice',
      withContainer({ livenessProbe: { httpGet: { port: 80 }, successThreshold: 2 } }),
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      'a field that is not exposed',
      withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      'a field that is none',
      withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.gold' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.gold": error converting fieldPath: field label not supported: spec.gold',
      ],
    ],
    [
      'a value and a source',
      withContainer({ env: [{ name: 'A', value: 'x', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }] }),
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      'an init container with a probe',
      pod({ initContainers: [{ name: 'init', image: 'a', readinessProbe: { exec: { command: ['a'] } } }] }),
      [
        'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'an ephemeral container from the start',
      pod({ ephemeralContainers: [{ name: 'debug', image: 'a' }] }),
      ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ],
    [
      'a toleration for nothing',
      pod({ tolerations: [{ operator: 'Equal' }] }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'a node label that is none',
      pod({ nodeSelector: { 'a b': 'c' } }),
      [
        "spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
    [
      'an affinity without terms',
      pod({
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      }),
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
      ],
    ],
    [
      'no deadline at all',
      pod({ activeDeadlineSeconds: 0 }),
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
    [
      'no name servers of its own',
      pod({ dnsPolicy: 'None' }),
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'a node and a gate',
      pod({ nodeName: 'n', schedulingGates: [{ name: 'a/b' }] }),
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [
      'privilege both ways',
      withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
      [
        'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      'shared mounts without privilege',
      pod({
        volumes: [{ name: 'data' }],
        containers: [
          container({ volumeMounts: [{ name: 'data', mountPath: '/d', mountPropagation: 'Bidirectional' }] }),
        ],
      }),
      [
        'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
      ],
    ],
  ])('refuse %s', ([, content, expected]) => {
    expect(
      complaints(Pod, content).map((text) =>
        text.replace(
          '{"privileged":true,"allowPrivilegeEscalation":false}',
          '{"allowPrivilegeEscalation":false,"privileged":true}',
        ),
      ),
    ).toEqual(expected);
  });
});

describe('an update', () => {
  test('may change an image', () => {
    expect(updateComplaints(Pod, pod(), withContainer({ image: 'nginx:2' }))).toEqual([]);
  });

  test('may not change much else', () => {
    const [first, ...rest] = updateComplaints(Pod, pod(), pod({ hostname: 'a' }))
      .join()
      .split('\n');
    expect(first).toBe(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    );
    expect(rest).toEqual(['+ hostname: "a"']);
  });

  test.for<[string, Json, Json, string]>([
    [
      'add a container',
      pod(),
      pod({ containers: [container(), container({ name: 'b' })] }),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [
      'prolong a deadline',
      pod({ activeDeadlineSeconds: 5 }),
      pod({ activeDeadlineSeconds: 6 }),
      'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
    ],
    [
      'take a toleration away',
      pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
      pod(),
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      'add a gate',
      pod({ schedulingGates: [{ name: 'a' }] }),
      pod({ schedulingGates: [{ name: 'b' }] }),
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'",
    ],
  ])('may not %s', ([, old, young, expected]) => {
    expect(updateComplaints(Pod, old, young)).toEqual([expected]);
  });

  test('through /status may not bring a container back that ended for good', () => {
    const status = (state: Json): Json => ({ containerStatuses: [{ name: 'web', state }] });
    const old = made(Pod, { ...pod({ restartPolicy: 'Never' }), status: status({ terminated: { exitCode: 0 } }) });
    const young = made(Pod, { ...pod({ restartPolicy: 'Never' }), status: status({ running: {} }) });
    expect(Pod.validateStatusUpdate?.(young as never, old as never)).toMatchObject([
      { path: 'status.containerStatuses[0].state', body: 'Forbidden: may not be transitioned to non-terminated state' },
    ]);
  });

  test('through /ephemeralcontainers adds, but takes nothing away', () => {
    const one = made(Pod, pod({ ephemeralContainers: [{ name: 'debug', image: 'a' }] }));
    const none = made(Pod, pod());
    expect(ephemeralContainersUpdateFaults(one, none)).toEqual([]);
    expect(ephemeralContainersUpdateFaults(none, one)).toMatchObject([
      {
        path: 'spec.ephemeralContainers',
        body: 'Forbidden: existing ephemeral containers "debug" may not be removed\n',
      },
    ]);
  });
});

test('a binding names a node', () => {
  expect(bindingFaults({ kind: 'Pod', name: '' })).toMatchObject([
    { path: 'target.kind', body: 'Unsupported value: "Pod": supported values: "Node", "<empty>"' },
    { path: 'target.name', body: 'Required value' },
  ]);
});

describe('columns', () => {
  const running = { ready: true, state: { running: {} }, restartCount: 0 };
  const ended = (reason: string, exitCode: number, more: Json = {}): Json => ({
    state: { terminated: { reason, exitCode, ...more } },
  });

  const row = (status: Json, spec: Json = {}, metadata: Json = {}): Json => ({ ...pod(spec), status, metadata });

  test('of a running pod, narrow and wide', () => {
    const status = { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }], containerStatuses: [{ name: 'web', ...running }] };
    expect(cells(Pod, row(status, { nodeName: 'node-1' }))).toEqual({
      Name: 'it',
      Ready: '1/1',
      Status: 'Running',
      Restarts: '0',
      Age: '60m',
      '+IP': '10.0.0.1',
      '+Node': 'node-1',
      '+Nominated Node': '<none>',
      '+Readiness Gates': '<none>',
    });
  });

  test('restarts say when the last one was', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } };
    const status = { phase: 'Running', containerStatuses: [{ name: 'web', ...running, restartCount: 3, lastState }] };
    expect(cells(Pod, row(status))).toMatchObject({ Restarts: '3 (5m ago)' });
  });

  test.for<[string, Json, string]>([
    ['pending', row({ phase: 'Pending' }), 'Pending'],
    ['evicted', row({ phase: 'Failed', reason: 'Evicted' }), 'Evicted'],
    [
      'gated',
      row({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      'SchedulingGated',
    ],
    [
      'creating',
      row({
        phase: 'Pending',
        containerStatuses: [{ name: 'web', state: { waiting: { reason: 'ContainerCreating' } } }],
      }),
      'ContainerCreating',
    ],
    [
      'completed',
      row({ phase: 'Succeeded', containerStatuses: [{ name: 'web', ...ended('Completed', 0) }] }),
      'Completed',
    ],
    [
      'failed without a reason',
      row({ phase: 'Failed', containerStatuses: [{ name: 'web', ...ended('', 3) }] }),
      'ExitCode:3',
    ],
    [
      'killed by a signal',
      row({ phase: 'Failed', containerStatuses: [{ name: 'web', ...ended('', 0, { signal: 9 }) }] }),
      'Signal:9',
    ],
    [
      'initializing',
      row(
        { phase: 'Pending', initContainerStatuses: [{ name: 'a', state: { running: {} } }] },
        { initContainers: [{ name: 'a', image: 'x' }] },
      ),
      'Init:0/1',
    ],
    [
      'broken in initialization',
      row(
        {
          phase: 'Pending',
          initContainerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
        },
        { initContainers: [{ name: 'a', image: 'x' }] },
      ),
      'Init:CrashLoopBackOff',
    ],
    [
      'half done',
      row({
        phase: 'Running',
        containerStatuses: [
          { name: 'web', ...ended('Completed', 0) },
          { name: 'b', ...running },
        ],
      }),
      'NotReady',
    ],
    ['leaving', row({ phase: 'Running' }, {}, { deletionTimestamp: '2026-01-01T00:10:00Z' }), 'Terminating'],
    ['leaving when done', row({ phase: 'Succeeded' }, {}, { deletionTimestamp: '2026-01-01T00:10:00Z' }), 'Succeeded'],
    [
      'lost',
      row({ phase: 'Running', reason: 'NodeLost' }, {}, { deletionTimestamp: '2026-01-01T00:10:00Z' }),
      'Unknown',
    ],
  ])('status of one that is %s', ([, content, expected]) => {
    expect(cells(Pod, content)['Status']).toBe(expected);
  });

  test('a sidecar counts among the containers', () => {
    const status = {
      phase: 'Running',
      initContainerStatuses: [{ name: 'side', ...running, started: true }],
      containerStatuses: [{ name: 'web', ...running }],
    };
    const spec = { initContainers: [{ name: 'side', image: 'x', restartPolicy: 'Always' }] };
    expect(cells(Pod, row(status, spec))).toMatchObject({ Ready: '2/2', Status: 'Running' });
  });
});

describe('resizing', () => {
  const sized = (requests: Json, limits: Json = {}, more: Json = {}): Json =>
    made(Pod, { ...withContainer({ resources: { requests, limits }, ...more }), status: { qosClass: 'Burstable' } });
  const old = sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m' });

  test.for<[string, Json, string[]]>([
    ['more of both', sized({ cpu: '150m', memory: '128Mi' }, { cpu: '300m' }), []],
    ['a new limit', sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m', memory: '1Gi' }), []],
    [
      'no limit any more',
      sized({ cpu: '100m', memory: '64Mi' }),
      ['spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed'],
    ],
    [
      'a request gone',
      sized({ cpu: '100m' }, { cpu: '200m' }),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'equal requests and limits',
      sized({ cpu: '200m', memory: '64Mi' }, { cpu: '200m', memory: '64Mi' }),
      ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
    ],
    [
      'another image',
      sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m' }, { image: 'other:1', imagePullPolicy: 'IfNotPresent' }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    ['nothing at all', old, []],
  ])('%s', ([, young, expected]) => {
    expect(podResizeFaults(young, old).map((fault) => faultMessage(fault).split('\n')[0])).toEqual(expected);
  });

  test('a pod without amounts stays as it is', () => {
    expect(podResizeFaults(made(Pod, pod()), made(Pod, pod()))).toEqual([]);
  });
});
