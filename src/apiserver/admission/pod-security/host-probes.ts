/** Probes and hooks go to the pod itself, not to a host of its author's choice. */
import { containersText, plural, quoteAll, sortedSet, type CheckPod, type Container } from './check.ts';

interface Handler {
  readonly httpGet?: { readonly host?: string };
  readonly tcpSocket?: { readonly host?: string };
}

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): readonly string[] {
  const handlers: readonly (Handler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  return handlers
    .flatMap((each) => [each?.httpGet?.host ?? '', each?.tcpSocket?.host ?? ''])
    .filter((host) => host !== '');
}

export const hostProbes: CheckPod = ({ containers }) => {
  const bad = containers.filter((each) => hostsOf(each).length > 0);
  if (bad.length === 0) return undefined;
  const hosts = sortedSet(bad.flatMap(hostsOf));
  const named = sortedSet(bad.map(({ name }) => name)).map((name) => ({ name }));
  const what = plural(hosts.length, 'probe or lifecycle host', 'probe or lifecycle hosts');
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(named)} ${plural(named.length, 'uses', 'use')} ${what} ${quoteAll(hosts)}`,
  };
};
