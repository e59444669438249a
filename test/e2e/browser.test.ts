/** A reader opens kuard's page in a browser, through `kubectl port-forward`. */
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled, kubectl, ok, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { portForward, type PortForward } from '../support/port-forward.ts';

const program = ['chromium', 'google-chrome', 'chromium-browser'].find(isInstalled);
if (program === undefined) {
  process.stderr.write(
    'SKIPPED: test/e2e/browser.test.ts needs a browser; install it with: apt-get install chromium\n',
  );
}

describe.skipIf(program === undefined)('the page of kuard in Chromium', () => {
  const cluster = testCluster('browser');
  const k = kubectl(cluster.kubeconfig);
  let forward: PortForward | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    await ok(cluster.up());
    await ok(k('run', 'kuard', '--image=gcr.io/kuar-demo/kuard-amd64:purple', '--port=8080'));
    await ok(k('wait', '--for=condition=Ready', 'pod/kuard', '--timeout=60s'));
    forward = await portForward(cluster.kubeconfig, 'pods/kuard', 8080);
    browser = await chromium.launch({
      executablePath: await pathOf(program ?? ''),
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });

  afterAll(async () => {
    await browser?.close();
    forward?.stop();
    await cluster.destroy();
  });

  test('shows which pod and which version answer, without a fault or a request to elsewhere', async () => {
    const page = await browser!.newPage();
    const faults: string[] = [];
    const hosts = new Set<string>();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('request', (request) => hosts.add(new URL(request.url()).hostname));
    const answer = await page.goto(`http://localhost:${forward!.port}/`);
    expect(answer?.status()).toBe(200);
    const text = await page.innerText('body');
    expect(text).toContain('kuard');
    expect(text).toContain('purple');
    await page.click('text=DNS Query');
    await page.fill('input', 'kubernetes');
    // The cluster is young: its DNS may come after the pod.
    await eventually('the name to be known', async () => {
      await page.click('button:has-text("Query")');
      await page.waitForSelector('pre:has-text("kubernetes.default.svc.cluster.local.")', { timeout: 3_000 });
      return true;
    });
    await page.click('text=Server Env');
    await page.waitForSelector('td:has-text("KUBERNETES_SERVICE_HOST")');
    expect(faults).toEqual([]);
    expect([...hosts]).toEqual(['localhost']);
  });
});

async function pathOf(name: string): Promise<string> {
  return (await ok(run('sh', ['-c', `command -v ${name}`]))).trim();
}
