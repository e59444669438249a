/**
 * The smaller kinds of the core group. Texts are upstream's: pkg/apis/core/validation/validation.go,
 * pkg/apis/core/v1/defaults.go and pkg/printers/internalversion/printers.go.
 */
import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { ConfigMap } from './config-map.ts';
import { LimitRange } from './limit-range.ts';
import { Namespace } from './namespace.ts';
import { Node } from './node.ts';
import { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import { PersistentVolume } from './persistent-volume.ts';
import { ReplicationController } from './replication-controller.ts';
import { ResourceQuota } from './resource-quota.ts';
import { Secret } from './secret.ts';
import { ServiceAccount } from './service-account.ts';

type Json = Readonly<Record<string, unknown>>;

describe('node', () => {
  test('columns', () => {
    const node = {
      metadata: {
        name: 'n',
        labels: {
          'node-role.kubernetes.io/control-plane': '',
          'node-role.kubernetes.io/b': '',
          'kubernetes.io/role': 'a',
        },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'False' }],
        addresses: [
          { type: 'InternalIP', address: '10.0.0.1' },
          { type: 'Hostname', address: 'n' },
        ],
        nodeInfo: {
          kubeletVersion: 'v1.35.0',
          osImage: 'Linux X',
          kernelVersion: '6.1',
          containerRuntimeVersion: 'containerd://2',
        },
      },
    };
    expect(cells(Node, node)).toEqual({
      Name: 'n',
      Status: 'NotReady,SchedulingDisabled',
      Roles: 'a,b,control-plane',
      Age: '60m',
      Version: 'v1.35.0',
      '+Internal-IP': '10.0.0.1',
      '+External-IP': '<none>',
      '+OS-Image': 'Linux X',
      '+Kernel-Version': '6.1',
      '+Container-Runtime': 'containerd://2',
    });
  });

  test('a node that never reported', () => {
    expect(cells(Node, {})).toMatchObject({ Status: 'Unknown', Roles: '<none>', '+OS-Image': '<unknown>' });
  });

  test('complaints', () => {
    expect(complaints(Node, { spec: { taints: [{ key: 'a', effect: 'No' }] } })).toEqual([
      'metadata.taints[0].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ]);
    expect(updateComplaints(Node, { spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] } }, {})).not.toEqual([]);
  });
});

describe('namespace', () => {
  test('columns', () => {
    expect(cells(Namespace, { status: { phase: 'Active' } })).toEqual({ Name: 'it', Status: 'Active', Age: '60m' });
  });
});

describe('config map', () => {
  test('columns count both sorts of data', () => {
    expect(cells(ConfigMap, { data: { a: '1' }, binaryData: { b: 'AA==' } })).toEqual({
      Name: 'it',
      Data: 2,
      Age: '60m',
    });
  });

  test.for<[Json, string]>([
    [
      { data: { 'a b': '1' } },
      `data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
    ],
    [
      { data: { a: '1' }, binaryData: { a: 'AA==' } },
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
    ],
    [{ data: { a: 'x'.repeat(1_048_577) } }, '[]: Too long: may not be more than 1048576 bytes'],
  ])('%.60j is refused', ([content, complaint]) => {
    expect(complaints(ConfigMap, content)).toEqual([complaint]);
  });

  test('an immutable one', () => {
    const old = { immutable: true, data: { a: '1' } };
    expect(updateComplaints(ConfigMap, old, { data: { a: '2' } })).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });
});

describe('secret', () => {
  test('defaults and columns', () => {
    expect(made(Secret, {})['type']).toBe('Opaque');
    expect(cells(Secret, { data: { a: 'AA==' } })).toEqual({ Name: 'it', Type: 'Opaque', Data: 1, Age: '60m' });
  });

  test.for<[Json, string]>([
    [{ type: 'kubernetes.io/tls', data: { 'tls.crt': 'AA==' } }, 'data[tls.key]: Required value'],
    [{ type: 'kubernetes.io/dockerconfigjson' }, 'data[.dockerconfigjson]: Required value'],
    [{ type: 'kubernetes.io/ssh-auth' }, 'data[ssh-privatekey]: Required value'],
    [
      { type: 'kubernetes.io/service-account-token' },
      'metadata.annotations[kubernetes.io/service-account.name]: Required value',
    ],
  ])('%j is refused', ([content, complaint]) => {
    expect(complaints(Secret, content)).toEqual([complaint]);
  });

  test('the type may not change', () => {
    expect(updateComplaints(Secret, { type: 'a' }, { type: 'b' })).toEqual([
      'type: Invalid value: "b": field is immutable',
    ]);
  });
});

test('service account', () => {
  expect(cells(ServiceAccount, { secrets: [{ name: 'a' }] })).toEqual({ Name: 'it', Secrets: 1, Age: '60m' });
});

describe('persistent volume', () => {
  const volume = (spec: Json = {}): Json => ({
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec },
  });

  test('defaults', () => {
    expect(made(PersistentVolume, volume())['spec']).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: '/x', type: '' },
    });
  });

  test('columns', () => {
    const spec = { claimRef: { namespace: 'default', name: 'c' }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] };
    expect(cells(PersistentVolume, { ...volume(spec), status: { phase: 'Bound' } })).toEqual({
      Name: 'it',
      Capacity: '1Gi',
      'Access Modes': 'RWO,ROX',
      'Reclaim Policy': 'Retain',
      Status: 'Bound',
      Claim: 'default/c',
      StorageClass: '',
      VolumeAttributesClass: '<unset>',
      Reason: '',
      Age: '60m',
      '+VolumeMode': 'Filesystem',
    });
  });

  test.for<[Json, string[]]>([
    [volume(), []],
    [
      { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] } },
      ['spec: Required value: must specify a volume type'],
    ],
    [volume({ accessModes: [] }), ['spec.accessModes: Required value']],
    [volume({ nfs: { server: 's', path: '/' } }), ['spec.nfs: Forbidden: may not specify more than 1 volume type']],
    [
      volume({ hostPath: { path: '/a/../b' } }),
      [`spec.hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    ],
  ])('%.100j: %j', ([content, expected]) => {
    expect(complaints(PersistentVolume, content)).toEqual(expected);
  });

  test('the source may not change', () => {
    const [complaint, ...more] = updateComplaints(PersistentVolume, volume(), volume({ hostPath: { path: '/y' } }));
    expect(complaint).toContain(
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    );
    expect(more).toEqual([]);
  });
});

describe('persistent volume claim', () => {
  const claim = (spec: Json = {}): Json => ({
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });

  test('columns', () => {
    const bound = {
      ...claim({ volumeName: 'v', storageClassName: 's' }),
      status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] },
    };
    expect(cells(PersistentVolumeClaim, bound)).toEqual({
      Name: 'it',
      Status: 'Bound',
      Volume: 'v',
      Capacity: '2Gi',
      'Access Modes': 'RWO',
      StorageClass: 's',
      VolumeAttributesClass: '<unset>',
      Age: '60m',
      '+VolumeMode': 'Filesystem',
    });
  });

  test.for<[Json, string[]]>([
    [claim(), []],
    [claim({ accessModes: [] }), ['spec.accessModes: Required value: at least 1 access mode is required']],
    [claim({ resources: {} }), ['spec.resources[storage]: Required value']],
    [
      claim({ accessModes: ['Never'] }),
      [
        'spec.accessModes: Unsupported value: "Never": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
    ],
  ])('%.100j: %j', ([content, expected]) => {
    expect(complaints(PersistentVolumeClaim, content)).toEqual(expected);
  });

  test('the spec may not change, and a claim may not shrink', () => {
    const status = { phase: 'Bound', capacity: { storage: '1Gi' } };
    const old = { ...claim({ volumeName: 'v' }), status };
    const [changed] = updateComplaints(PersistentVolumeClaim, old, claim({ volumeName: 'w' }));
    expect(changed).toContain(
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    );
    const less = claim({ volumeName: 'v', resources: { requests: { storage: '1Mi' } } });
    expect(updateComplaints(PersistentVolumeClaim, old, { ...less, status })).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
  });
});

describe('quota and limits', () => {
  test('columns of a quota', () => {
    const status = { hard: { pods: '4', 'requests.cpu': '1', 'limits.cpu': '2' }, used: { pods: '1' } };
    expect(cells(ResourceQuota, { status })).toEqual({
      Name: 'it',
      Request: 'pods: 1/4, requests.cpu: 0/1',
      Limit: 'limits.cpu: 0/2',
      Age: '60m',
    });
  });

  test('a negative quota', () => {
    expect(complaints(ResourceQuota, { spec: { hard: { pods: '-1' } } })).toEqual([
      'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
  });

  test('limits: what is not given follows from what is', () => {
    const content = { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '1' } }] } };
    expect(made(LimitRange, content)['spec']).toEqual({
      limits: [
        {
          type: 'Container',
          max: { cpu: '2' },
          min: { cpu: '1' },
          default: { cpu: '2' },
          defaultRequest: { cpu: '2' },
        },
      ],
    });
    expect(LimitRange.columns).toEqual([]);
  });

  test('limits: the least above the most', () => {
    const content = { spec: { limits: [{ type: 'Pod', max: { cpu: '1' }, min: { cpu: '2' } }] } };
    expect(complaints(LimitRange, content)).toEqual([
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    ]);
  });
});

test('replication controller: labels and selector come from the template', () => {
  const template = { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  expect(made(ReplicationController, { spec: { template } })).toMatchObject({
    metadata: { labels: { a: '1' } },
    spec: { replicas: 1, selector: { a: '1' } },
  });
  expect(complaints(ReplicationController, { spec: { selector: { a: '2' }, template } })).toEqual([
    'spec.template.metadata.labels: Invalid value: {"a":"1"}: `selector` does not match template `labels`',
  ]);
});
