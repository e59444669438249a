import { expect, test } from 'vitest';
import { cells, complaints, unheard } from '../rules/fixture.ts';
import { APIService } from './api-service.ts';

const spec = { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 };

/** Texts: kube-aggregator pkg/apis/apiregistration/validation/validation.go. */
test('an APIService is named after what it serves', () => {
  expect(complaints(APIService, { metadata: { name: 'v1.example.com' }, spec })).toEqual([]);
  expect(
    complaints(APIService, {
      metadata: { name: 'x' },
      spec: { ...spec, groupPriorityMinimum: 0, insecureSkipTLSVerify: true },
    }),
  ).toEqual([
    'metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.example.com"',
    'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
    'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
  ]);
});

test('what is served here is always available', () => {
  const draft = { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' }, spec };
  APIService.prepareCreate?.(draft, unheard);
  expect(draft).toMatchObject({ status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } });
  expect(
    cells(APIService, { spec, status: { conditions: [{ type: 'Available', status: 'False', reason: 'Gone' }] } }),
  ).toEqual({
    Name: 'it',
    Service: 'Local',
    Available: 'False (Gone)',
    Age: '60m',
  });
});
