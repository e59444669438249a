import { expect, test } from 'vitest';
import { clientProgram } from '../test/support/clients.ts';
import { readGoStructs } from './go-types.ts';

test('the structs of a Go program, with tags', () => {
  const structs = readGoStructs(clientProgram('helm'));
  expect(structs.size).toBeGreaterThan(1000);
  const port = structs.get('k8s.io/api/core/v1.ContainerPort')?.map(({ name, tag, type }) => [name, type.kind, tag]);
  expect(port?.slice(0, 2)).toEqual([
    ['Name', 'string', 'json:"name,omitempty" protobuf:"bytes,1,opt,name=name"'],
    ['HostPort', 'int32', 'json:"hostPort,omitempty" protobuf:"varint,2,opt,name=hostPort"'],
  ]);
}, 60_000);

test('another file is refused', () => {
  expect(() => readGoStructs(process.execPath)).toThrow('this is no program built with Go');
}, 60_000);
