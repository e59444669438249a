/** The ingress program: the layer-7 proxy alone, so that a busy data path waits for nobody. */
import { existsSync } from 'node:fs';
import { boundedFile } from '../../base/bounded-file.ts';
import { runAll } from '../../base/service.ts';
import { Informers } from '../../client/informers.ts';
import { createIngressProxy } from '../../ingress/ingress-proxy.ts';
import { apiClient } from '../credentials/api-client.ts';
import { certificateReload } from '../credentials/certificate-renewal.ts';
import { certificateValidity } from '../credentials/cluster-credentials.ts';
import { certificatePath, readKeyPair } from '../credentials/credentials.ts';
import { isFree } from '../machine/machine.ts';
import { runProcess, type ProcessContext } from '../processes/run-process.ts';
import { nodeAddress } from '../settings/nodes.ts';

/** Milliseconds between looks at a port that somebody else has. */
const portRetry = 2_000;
const accessLogBytes = 16 * 1024 * 1024;

async function runIngress(options: ProcessContext, signal: AbortSignal): Promise<void> {
  const { layout, settings, clock, random, logger } = options;
  await portsFree(options, signal);
  const client = apiClient({ pki: layout.pki, server: `https://127.0.0.1:${settings.port}`, clock, random }, 'ingress');
  const informers = new Informers({ client, clock, random, logger });
  const shown = (): { cert: string; key: string } => {
    const { certificate, key } = readKeyPair(layout.pki, 'ingress-default');
    return { cert: certificate, key };
  };
  const address = nodeAddress(settings);
  const ingress = createIngressProxy({
    client,
    informers,
    clock,
    random,
    log: logger,
    host: existsSync('/proc/net/if_inet6') ? '::' : '0.0.0.0',
    httpPort: settings.ingress.http,
    httpsPort: settings.ingress.https,
    statusPort: settings.ingress.status,
    addresses: [address],
    defaultCertificate: shown(),
    writeAccess: boundedFile(layout.accessLog, accessLogBytes),
    onReady: ({ http, https }) => {
      options.phase('ingress ready');
      options.ready({
        'ingress http': `http://${address}${http === 80 ? '' : `:${http}`}`,
        'ingress https': `https://${address}${https === 443 ? '' : `:${https}`}`,
        'ingress metrics': `http://${address}:${settings.ingress.status}/metrics`,
      });
    },
  });
  const looking = { clock, logger, lifetime: certificateValidity(settings) };
  const reload = certificateReload(looking, [certificatePath(layout.pki, 'ingress-default')], () =>
    ingress.rotate(shown()),
  );
  try {
    await runAll([informers, ingress, reload], signal);
  } finally {
    await client.close();
  }
}

/** Waits for ports that somebody else has, and says so meanwhile. */
async function portsFree({ settings, clock, logger, failed }: ProcessContext, signal: AbortSignal): Promise<void> {
  const { http, https } = settings.ingress;
  for (let told = false; ; told = true) {
    const taken: number[] = [];
    for (const port of [http, https]) if (!(await isFree(port))) taken.push(port);
    if (taken.length === 0) {
      if (told) failed(undefined);
      return;
    }
    const message = `the ingress cannot listen on port ${taken.join(' and ')}: another program does`;
    if (!told) {
      logger.warn(message);
      failed({ message, remedy: 'end that program; the ingress starts by itself then' });
    }
    await clock.sleep(portRetry, signal);
  }
}

await runProcess(runIngress);
