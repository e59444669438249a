/**
 * Addresses that the API server may be sent to. Nodes and pods say what theirs are, and who runs one of them must not
 * reach the server's own machine, or the services that a cloud offers to machines, in the server's name.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { badRequest } from '../errors.ts';

const nobodys = new BlockList();
nobodys.addSubnet('0.0.0.0', 32);
nobodys.addSubnet('127.0.0.0', 8);
nobodys.addSubnet('169.254.0.0', 16);
nobodys.addSubnet('224.0.0.0', 4);
nobodys.addAddress('255.255.255.255');
nobodys.addAddress('::', 'ipv6');
nobodys.addAddress('::1', 'ipv6');
nobodys.addSubnet('fe80::', 10, 'ipv6');
nobodys.addSubnet('ff00::', 8, 'ipv6');

/** Whether it is a unicast address beyond one machine and one link. */
export function isProxyable(address: string): boolean {
  return isIP(address) !== 0 && !nobodys.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Throws 400. */
export function checkProxyable(address: string): void {
  if (!isProxyable(address)) throw badRequest('address not allowed');
}
