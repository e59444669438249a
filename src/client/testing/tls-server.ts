/** A small HTTPS server with a certificate authority of its own, for tests of the network client. */
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface TlsServer {
  readonly url: string;
  readonly authority: string;
  /** A client certificate that the server trusts. */
  readonly client: Identity;
  /** Ends all connections, as a crash does. */
  disconnect(): void;
  close(): Promise<void>;
}

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function startTlsServer(
  handler: Handler,
  options: { http1?: boolean; port?: number } = {},
): Promise<TlsServer> {
  x509.cryptoProvider.set(webcrypto);
  const authorityKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test authority',
    keys: authorityKeys as never,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true)],
  });
  const issue = async (name: string): Promise<Identity> => {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: authority.subject,
      signingKey: authorityKeys.privateKey,
      publicKey: keys.publicKey as never,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
    });
    const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return { certificate: certificate.toString('pem'), key };
  };
  const own = await issue('server');
  const ca = authority.toString('pem');
  const tls = { cert: own.certificate, key: own.key, ca, requestCert: true, rejectUnauthorized: false };
  const server: Http2SecureServer | Server =
    options.http1 === true
      ? createServer(tls, handler as never)
      : createSecureServer({ ...tls, allowHTTP1: true }, handler);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const disconnect = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority: ca,
    client: await issue('client'),
    disconnect,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        disconnect();
      }),
  };
}
