import { expect, test } from 'vitest';
import { decodeObject } from '../schema/decode.ts';
import { decodeProtobuf, encodeProtobuf, openEnvelope } from '../schema/protobuf.ts';
import { Secret } from './core/secret.ts';
import { PodDisruptionBudget } from './policy/pod-disruption-budget.ts';

/** What kubectl 1.35 sends on `create secret generic s --from-literal=a=b` and `create pdb ... --min-available=50%`. */
const sent = {
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0EiQKGAoBcxIAGgdkZWZhdWx0IgAqADIAOABCABIGCgFhEgFiGgAaACIA',
  budget:
    'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSPwoYCgFwEgAaB2RlZmF1bHQiACoAMgA4AEIAEhcKCQgBEAAaAzUwJRIKCggK' +
    'A2FwcBIBeBoKCAAYACAAKAAwABoAIgA=',
};

test.each([
  [
    'secret',
    Secret.schema,
    sent.secret,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' }, data: { a: 'Yg==' } },
  ],
  [
    'pod disruption budget',
    PodDisruptionBudget.schema,
    sent.budget,
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'p', namespace: 'default' },
      spec: { minAvailable: '50%', selector: { matchLabels: { app: 'x' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  ],
])("a %s in kubectl's protobuf is read, without its zero values", (_, schema, text, expected) => {
  const { value } = decodeObject(schema, decodeProtobuf(schema, openEnvelope(Buffer.from(text, 'base64'))));
  expect(value).toEqual(expected);
  const again = decodeProtobuf(schema, openEnvelope(encodeProtobuf(schema, value)));
  expect(decodeObject(schema, again).value).toEqual(expected);
});
