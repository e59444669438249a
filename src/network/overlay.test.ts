import { describe, expect, it } from 'vitest';
import { overlayChange, overlayFor } from './overlay.ts';

const none = overlayFor({ backend: 'vxlan', device: 'vx' }, []);
const to = (address: string, podCidr = '10.244.2.0/24') =>
  overlayFor({ backend: 'vxlan', device: 'vx' }, [{ address, podCidr }]);

describe('the way to another node', () => {
  it('over VXLAN is a route, a neighbour and a forwarding entry, all worked out from its address and range', () => {
    expect(overlayChange(none, to('192.0.2.12'))).toEqual({
      ip: [
        'route replace 10.244.2.0/24 via 10.244.2.0 dev vx onlink proto 117',
        'neigh replace 10.244.2.0 lladdr 0a:58:0a:f4:02:00 dev vx nud permanent',
      ],
      bridge: ['fdb replace 0a:58:0a:f4:02:00 dev vx dst 192.0.2.12'],
    });
  });

  it('on a shared link is a route', () => {
    const wanted = overlayFor({ backend: 'routes', device: 'vx' }, [
      { address: '192.0.2.12', podCidr: '10.244.2.0/24' },
    ]);
    expect(overlayChange(none, wanted)).toEqual({
      ip: ['route replace 10.244.2.0/24 via 192.0.2.12 proto 117'],
      bridge: [],
    });
  });

  it('changes by the one entry that differs when the node gets another address', () => {
    expect(overlayChange(to('192.0.2.12'), to('192.0.2.13'))).toEqual({
      ip: [],
      bridge: ['fdb replace 0a:58:0a:f4:02:00 dev vx dst 192.0.2.13'],
    });
  });

  it('goes with the node', () => {
    const { ip, bridge } = overlayChange(to('192.0.2.12'), none);
    expect([...ip, ...bridge].map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'route del',
      'neigh del',
      'fdb del',
    ]);
  });

  it('is not there for a node that has no range yet', () => {
    expect(to('192.0.2.12', '')).toEqual(none);
  });
});
