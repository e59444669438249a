import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import type { RequestLabels } from './request-tally.ts';

const pods: RequestLabels = {
  verb: 'GET',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  scope: 'resource',
};
const metrics = () => createMetrics(() => ({ objects: new Map([['pods', 3]]), revision: 7 }));
const labels = 'verb="GET",group="",version="v1",resource="pods",subresource="",scope="resource"';

test('requests are told by code, and in a histogram of how long they took', async () => {
  const { registry, finished } = metrics();
  finished(pods, 200, 0.004, false);
  finished(pods, 200, 0.03, false);
  finished(pods, 404, 90, false);
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toContain(`apiserver_request_total{${labels},code="200"} 2`);
  expect(lines).toContain(`apiserver_request_total{${labels},code="404"} 1`);
  expect(lines).toContain('# TYPE apiserver_request_duration_seconds histogram');
  const bucket = (bound: string, count: number): string =>
    `apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${count}`;
  expect(lines).toContain(bucket('0.005', 1));
  expect(lines).toContain(bucket('0.025', 1));
  expect(lines).toContain(bucket('0.05', 2));
  expect(lines).toContain(bucket('60', 2));
  expect(lines).toContain(bucket('+Inf', 3));
  expect(lines).toContain(`apiserver_request_duration_seconds_sum{${labels}} 90.034`);
  expect(lines).toContain(`apiserver_request_duration_seconds_count{${labels}} 3`);
});

test('long-running requests are those that have begun and not ended', async () => {
  const { registry, started, finished } = metrics();
  started(pods);
  started(pods);
  finished(pods, 200, 1800, true);
  const text = await registry.metrics();
  expect(text).toContain(`apiserver_longrunning_requests{${labels}} 1`);
  expect(text).not.toContain('apiserver_request_duration_seconds_count');
});

test('clients that ask for ever other resources do not fill the memory', async () => {
  const { registry, finished } = metrics();
  for (let at = 0; at < 3_000; at += 1) finished({ ...pods, resource: `r${at}` }, 404, 0.001, false);
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('apiserver_request_total'));
  expect(lines).toHaveLength(2_001);
  expect(lines.at(-1)).toMatch(/verb="other".*code="404"} 1000$/);
});
