/** The checks of the CIS Kubernetes Benchmark v1.12 as they map on Coracle, in its order. Pure. */
import type { Check, Outcome } from './check.ts';
import { auditPolicyChecks } from './checks/audit-log.ts';
import { apiServerChecks } from './checks/api-server.ts';
import { controlPlaneChecks, identityChecks, storeChecks } from './checks/control-plane.ts';
import { controlPlaneFiles, nodeFiles } from './checks/files.ts';
import { kubeletChecks, proxyChecks } from './checks/kubelet.ts';
import { podChecks } from './checks/pods.ts';
import { policyChecks } from './checks/policies.ts';
import { rightsChecks } from './checks/rights.ts';
import type { Facts } from './facts.ts';

export const benchmarkVersion = 'CIS Kubernetes Benchmark v1.12';

export const checks: readonly Check[] = [
  ...controlPlaneFiles,
  ...apiServerChecks,
  ...controlPlaneChecks,
  ...storeChecks,
  ...identityChecks,
  ...auditPolicyChecks,
  ...nodeFiles,
  ...kubeletChecks,
  ...proxyChecks,
  ...rightsChecks,
  ...podChecks,
  ...policyChecks,
];

export interface Finding extends Outcome {
  readonly id: string;
  readonly title: string;
}

export function judge(facts: Facts): readonly Finding[] {
  return checks.map(({ id, title, look }) => ({ id, title, ...look(facts) }));
}
