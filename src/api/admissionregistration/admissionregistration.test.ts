import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { MutatingWebhookConfiguration } from './mutating-webhook-configuration.ts';
import { ValidatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts';
import { ValidatingAdmissionPolicy } from './validating-admission-policy.ts';
import { ValidatingWebhookConfiguration } from './validating-webhook-configuration.ts';

const good = {
  name: 'check.example.com',
  clientConfig: { service: { namespace: 'ns', name: 'svc' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};
const webhook = (change: object): Record<string, unknown> => ({ webhooks: [{ ...good, ...change }] });

/** Texts: kubernetes pkg/apis/admissionregistration/validation/validation.go; defaults: .../v1/defaults.go. */
describe('webhooks', () => {
  test('defaults', () => {
    expect(made(MutatingWebhookConfiguration, webhook({ rules: [{ operations: ['*'] }] }))['webhooks']).toMatchObject([
      {
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        timeoutSeconds: 10,
        reinvocationPolicy: 'Never',
        namespaceSelector: {},
        objectSelector: {},
        clientConfig: { service: { port: 443 } },
        rules: [{ scope: '*' }],
      },
    ]);
  });

  test.each<[object, string[]]>([
    [{}, []],
    [
      { name: 'short' },
      ['webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots'],
    ],
    [{ sideEffects: undefined }, ['webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    [
      { sideEffects: 'Some' },
      ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
    [{ clientConfig: {} }, ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [
      { clientConfig: { url: 'http://x.example.com' } },
      [
        `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      ],
    ],
    [
      { timeoutSeconds: 31 },
      ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      { admissionReviewVersions: [] },
      ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      { admissionReviewVersions: ['v2'] },
      ['webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'],
    ],
    [
      {
        rules: [
          {
            operations: ['*', 'CREATE'],
            apiGroups: ['*', 'a'],
            apiVersions: ['v1'],
            resources: ['pods/*', 'pods/log'],
          },
        ],
      },
      [
        `webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
        `webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other API groups`,
        `webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      ],
    ],
  ])('%j', (change, expected) => expect(complaints(ValidatingWebhookConfiguration, webhook(change))).toEqual(expected));

  test('names are unique, unless they were not before', () => {
    const twice = { webhooks: [good, good] };
    expect(complaints(ValidatingWebhookConfiguration, twice)).toEqual([
      'webhooks[1].name: Duplicate value: "check.example.com"',
    ]);
    expect(updateComplaints(ValidatingWebhookConfiguration, twice, twice)).toEqual([]);
  });

  test('the table', () => {
    expect(cells(ValidatingWebhookConfiguration, webhook({}))).toEqual({ Name: 'it', Webhooks: 1, Age: '60m' });
  });
});

describe('policies', () => {
  const rule = { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] };
  const spec = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] };

  test('a policy checks something', () => {
    expect(complaints(ValidatingAdmissionPolicy, { spec })).toEqual([]);
    expect(complaints(ValidatingAdmissionPolicy, {})).toEqual([
      'spec.matchConstraints: Required value',
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
      'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ]);
    expect(
      complaints(ValidatingAdmissionPolicy, { spec: { ...spec, validations: [{ expression: ' ', message: 'a\nb' }] } }),
    ).toEqual([
      'spec.validations[0].expression: Required value: expression is not specified',
      'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
    ]);
    expect(cells(ValidatingAdmissionPolicy, { spec })).toEqual({
      Name: 'it',
      Validations: 1,
      ParamKind: '<unset>',
      Age: '60m',
    });
  });

  test('a binding says what follows', () => {
    expect(complaints(ValidatingAdmissionPolicyBinding, { spec: { policyName: 'p' } })).toEqual([
      'spec.validationActions: Required value: at least one validation action is required',
    ]);
    const both = { policyName: 'p', paramRef: { name: 'x' }, validationActions: ['Deny', 'Warn'] };
    expect(complaints(ValidatingAdmissionPolicyBinding, { spec: both })[0]).toContain(
      'must not contain both Deny and Warn',
    );
    expect(cells(ValidatingAdmissionPolicyBinding, { spec: both })).toMatchObject({ PolicyName: 'p', ParamRef: '*/x' });
  });
});
