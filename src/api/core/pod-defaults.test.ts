/**
 * Pods. Texts and defaults are upstream's: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go,
 * pkg/registry/core/pod/strategy.go and pkg/printers/internalversion/printers.go (printPod).
 */
import { describe, expect, test } from 'vitest';
import { made, unheard } from '../rules/fixture.ts';
import { preparePodCreate } from './pod-defaults.ts';
import { qosClassOf } from './pod-qos.ts';
import { Pod } from './pod.ts';
import { container, pod, withContainer } from './testing/pods.ts';

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

  test.each([
    [
      { limits: { cpu: '2', memory: '200Mi' }, requests: { memory: '100Mi' } },
      { cpu: '600m', memory: '100Mi' },
    ],
    [{ limits: { cpu: '2', memory: '200Mi' } }, { cpu: '600m', memory: '200Mi' }],
    [{ requests: { memory: '1Gi' } }, { memory: '1Gi' }],
  ])(
    'a pod as a whole asks for what its containers ask for together, else for its limit: %j',
    (resources, requests) => {
      const containers = [
        container({ resources: { requests: { cpu: '500m' } } }),
        container({ name: 'b', resources: { requests: { cpu: '100m' } } }),
      ];
      expect(made(Pod, pod({ resources, containers }))['spec']).toMatchObject({ resources: { requests } });
    },
  );

  test('huge pages that containers may have are those of the pod', () => {
    const containers = [container({ resources: { limits: { 'hugepages-2Mi': '4Mi' } } })];
    expect(made(Pod, pod({ resources: { requests: { cpu: '1' } }, containers }))['spec']).toMatchObject({
      resources: { limits: { 'hugepages-2Mi': '4Mi' }, requests: { cpu: '1', 'hugepages-2Mi': '4Mi' } },
    });
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

  test('of a disk of Azure: kubectl describe falls over one without a caching mode and a kind', () => {
    const volumes = [{ name: 'disk', azureDisk: { diskName: 'd', diskURI: 'https://example.com/d.vhd' } }];
    expect(made(Pod, pod({ volumes }))['spec']).toMatchObject({
      volumes: [{ azureDisk: { cachingMode: 'ReadWrite', fsType: 'ext4', kind: 'Shared', readOnly: false } }],
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
    preparePodCreate(draft, unheard);
    expect(draft['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test('waits behind its gates', () => {
    const draft: Record<string, unknown> = { ...pod({ schedulingGates: [{ name: 'a/b' }] }) };
    preparePodCreate(draft, unheard);
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
