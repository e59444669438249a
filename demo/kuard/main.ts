/** A demo application to try a cluster with; see README.md. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { createRouter } from './app.ts';
import { Keygen } from './keygen.ts';
import { log } from './log.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { type Identity, identityOf } from './page.ts';

function serve(options: Options, identity: Identity): void {
  log(`Starting kuard version: ${identity.version}`);
  log('*'.repeat(70));
  log('* WARNING: This server may expose sensitive');
  log('* and secret information. Be careful.');
  log('*'.repeat(70));
  log(`Config: ${JSON.stringify(options)}`);
  const keygen = new Keygen(options.keygen, (code) => process.exit(code));
  const router = createRouter(identity, keygen);
  const listener: RequestListener = (request, response) => {
    log(`${request.socket.remoteAddress}:${request.socket.remotePort} ${request.method} ${request.url}`);
    void router.handle(request, response);
  };
  const certificate = join(options.tlsDir, 'kuard.crt');
  const key = join(options.tlsDir, 'kuard.key');
  if (existsSync(certificate) && existsSync(key)) {
    log(`Serving on HTTPS on ${options.tlsAddress}`);
    createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, listener).listen(
      ...addressOf(options.tlsAddress),
    );
  } else {
    log('Could not find certificates to serve TLS');
  }
  log(`Serving on HTTP on ${options.address}`);
  createServer(listener).listen(...addressOf(options.address));
  keygen.restart();
}

/** `:8080` or `127.0.0.1:8080`. */
function addressOf(text: string): [number, string | undefined] {
  const at = text.lastIndexOf(':');
  return [Number(text.slice(at + 1)), text.slice(0, at) || undefined];
}

function main(): void {
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  try {
    serve(parseOptions(process.argv.slice(2)), identityOf(process.env['KUARD_VARIANT'] ?? 'blue'));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

main();
