import { describe, expect, test } from 'vitest';
import { cells, complaints, made, unheard, updateComplaints } from '../rules/fixture.ts';
import { EndpointSlice } from './endpoint-slice.ts';

const slice = (content: object): Record<string, unknown> => ({ addressType: 'IPv4', endpoints: [], ...content });

/** Texts: kubernetes pkg/apis/discovery/validation/validation.go; defaults: pkg/apis/discovery/v1/defaults.go. */
describe('EndpointSlice', () => {
  test('ports get a name and a protocol', () => {
    expect(made(EndpointSlice, slice({ ports: [{ port: 80 }] }))['ports']).toEqual([
      { name: '', port: 80, protocol: 'TCP' },
    ]);
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{ endpoints: [] }, ['addressType: Required value']],
    [
      { addressType: 'IP', endpoints: [] },
      ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
    [slice({ endpoints: [{}] }), ['endpoints[0].addresses: Required value: must contain at least 1 address']],
    [
      slice({ endpoints: [{ addresses: ['fd00::1'] }] }),
      ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address'],
    ],
    [
      slice({ endpoints: [{ addresses: ['127.0.0.1'] }] }),
      [
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [slice({ ports: [{ name: 'a' }, { name: 'a' }] }), ['ports[1].name: Duplicate value: "a"']],
  ])('%j is refused', (content, expected) => expect(complaints(EndpointSlice, content)).toEqual(expected));

  test('the address type never changes', () => {
    expect(updateComplaints(EndpointSlice, slice({}), slice({ addressType: 'IPv6' }))).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });

  test('the table', () => {
    const endpoints = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((address) => ({ addresses: [address] }));
    expect(cells(EndpointSlice, slice({ endpoints, ports: [{ port: 80 }, { name: 'all' }] }))).toEqual({
      Name: 'it',
      AddressType: 'IPv4',
      Ports: '80,all',
      Endpoints: '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...',
      Age: '60m',
    });
    expect(cells(EndpointSlice, slice({}))).toMatchObject({ Ports: '<unset>', Endpoints: '<unset>' });
  });

  test('the old topology labels cannot be written', () => {
    const draft = { endpoints: [{ addresses: ['10.0.0.1'], deprecatedTopology: { a: 'b' } }] };
    EndpointSlice.prepareCreate?.(draft, unheard);
    expect(draft.endpoints).toEqual([{ addresses: ['10.0.0.1'] }]);
  });
});
