/** All that the application answers to. */
import { addDns } from './dns.ts';
import { addFiles } from './files.ts';
import type { Keygen } from './keygen.ts';
import { addEnvironment, addMemory } from './machine.ts';
import { addWorkQueue } from './memq.ts';
import { type Identity, page } from './page.ts';
import { addProbe } from './probe.ts';
import { Router } from './router.ts';

export function createRouter(identity: Identity, keygen: Keygen): Router {
  const router = new Router();
  for (const path of ['/', '/-/*', '/env', '/mem', '/dns', '/memq']) {
    router.on('GET', path, (request) => ({ type: 'text/html; charset=utf-8', body: page(identity, request) }));
  }
  addFiles(router, '/fs');
  addProbe(router, '/healthy');
  addProbe(router, '/ready');
  addEnvironment(router, '/env');
  addMemory(router, '/mem');
  addDns(router, '/dns');
  addWorkQueue(router, '/memq/server');
  keygen.addRoutes(router, '/keygen');
  return router;
}
