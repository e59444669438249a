/** What of a server's TLS is judged, wherever it is. */
import { fail, none, pass, several, type Outcome } from '../check.ts';
import type { TlsFact } from '../facts.ts';

const day = 24 * 3_600_000;
/** Renewal begins long before. */
const leastDays = 7;

export function servingCertificate(servers: readonly TlsFact[], now: number): Outcome {
  const unreachable = servers.filter((each) => each.unreachable !== undefined);
  if (unreachable.length > 0) {
    const list = several(unreachable.map((each) => `${each.address}: ${each.unreachable}`));
    return fail(`no TLS connection: ${list}`, 'see: coracle status');
  }
  const distrusted = servers.filter((each) => each.distrusted !== undefined);
  if (distrusted.length > 0) {
    const list = several(distrusted.map((each) => `${each.address}: ${each.distrusted}`));
    return fail(`the certificate does not convince: ${list}`, 'coracle down && coracle up');
  }
  const days = (each: TlsFact): number => Math.floor((each.expires - now) / day);
  const old = servers.filter((each) => days(each) < leastDays);
  return none(
    old.map((each) => `${each.address} in ${days(each)} days`),
    `the cluster's authority signed ${several(servers.map((each) => `${each.address} (${days(each)} days left)`))}`,
    (list) => `certificates end soon, and were not renewed: ${list}`,
    'coracle down && coracle up; see: coracle logs server',
  );
}

export function ciphers(servers: readonly TlsFact[]): Outcome {
  const weak = servers.flatMap((each) =>
    [...each.oldVersions, ...each.weakCiphers].map((what) => `${each.address} speaks ${what}`),
  );
  if (weak.length > 0) return fail(several(weak), 'report it: this can not be set');
  return pass('TLS 1.2 or newer, and only ciphers with forward secrecy and authenticated encryption');
}
