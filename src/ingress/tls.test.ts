import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import { webcrypto } from 'node:crypto';
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Event } from '../api/core/event.ts';
import { Secret } from '../api/core/secret.ts';
import { backend, client, expose, get, ingressForEachTest, pause, ports, route } from './testing/test-bed.ts';

ingressForEachTest();

describe('TLS', () => {
  async function certificate(name: string): Promise<Record<string, string>> {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const made = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: algorithm,
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
    return {
      'tls.crt': Buffer.from(made.toString('pem')).toString('base64'),
      'tls.key': Buffer.from(pem).toString('base64'),
    };
  }

  const subjectOf = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: ports.https,
        servername,
        rejectUnauthorized: false,
        headers: { host: servername },
        agent: false,
      } as const;
      httpsRequest(options, (response) => {
        const subject = (
          response.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
        ).getPeerCertificate().subject.CN;
        response.resume().on('end', () => resolve(subject));
      })
        .on('error', reject)
        .end();
    });

  it('chooses the certificate by name and takes a new one without a restart', async () => {
    expose('web', [await backend((_, response) => response.end('ok'))]);
    for (const name of ['one', 'two']) {
      client.seed(Secret, {
        metadata: { name, namespace: 'default' },
        type: 'kubernetes.io/tls',
        data: await certificate(name),
      });
      route(`${name}.example`, 'web', {}, { tls: [{ hosts: [`${name}.example`], secretName: name }] });
    }
    await pause();
    expect(await subjectOf('one.example')).toBe('one');
    expect(await subjectOf('two.example')).toBe('two');
    const secret = await client.get(Secret, { namespace: 'default', name: 'two' });
    await client.update(Secret, { ...secret, data: await certificate('renewed') });
    await pause();
    expect(await subjectOf('two.example')).toBe('renewed');
  });

  it('speaks HTTP/2, and to the backend too when it is gRPC', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', path: headers[':path'] },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    expose('grpc', [(server.address() as AddressInfo).port]);
    expose('web', [await backend((request, response) => response.end(request.httpVersion))]);
    client.seed(Secret, { metadata: { name: 'one', namespace: 'default' }, data: await certificate('one') });
    const tls = [{ hosts: ['one.example', 'grpc.example'], secretName: 'one' }];
    route('one.example', 'web', {}, { tls });
    route('grpc.example', 'grpc', { 'nginx.ingress.kubernetes.io/backend-protocol': 'GRPC' }, { tls });
    await pause();
    const call = async (host: string, path: string, body: string): Promise<Record<string, unknown>> => {
      const session = connectHttp2(`https://${host}:${ports.https}`, {
        rejectUnauthorized: false,
        servername: host,
        lookup: undefined,
        createConnection: undefined,
        host: '127.0.0.1',
      } as object);
      const stream = session.request({ ':path': path, ':method': body === '' ? 'GET' : 'POST', ':authority': host });
      let headers = {};
      let trailers = {};
      let text = '';
      stream.on('response', (received) => (headers = received));
      stream.on('trailers', (received) => (trailers = received));
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      if (body !== '') stream.end(body);
      await new Promise((resolve, reject) => stream.on('close', resolve).on('error', reject));
      session.close();
      return { headers, trailers, text };
    };
    expect(await call('one.example', '/x', '')).toMatchObject({ headers: { ':status': 200 }, text: '1.1' });
    expect(await call('grpc.example', '/pkg.Service/Method', 'message')).toMatchObject({
      headers: { ':status': 200, 'content-type': 'application/grpc', path: '/pkg.Service/Method' },
      trailers: { 'grpc-status': '0' },
      text: 'message',
    });
    server.close();
  });

  it('tells in an event when a certificate is broken, and the rest works on', async () => {
    client.seed(Secret, {
      metadata: { name: 'broken', namespace: 'default' },
      data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' },
    });
    expose('web', [await backend((_, response) => response.end('ok'))]);
    route('broken.example', 'web', {}, { tls: [{ hosts: ['broken.example'], secretName: 'broken' }] });
    await pause(150);
    expect((await get('broken.example')).body).toBe('ok');
    const { items } = await client.list(Event);
    expect(items).toMatchObject([
      { reason: 'BrokenCertificate', type: 'Warning', involvedObject: { kind: 'Ingress', name: 'brokenxexample' } },
    ]);
  });
});
