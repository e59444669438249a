/** A registry on loopback for tests, with the ways in which real ones fail. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';

export interface FakeRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** `GET /v2/...` and the like, in order, with the range if one was asked for. */
  readonly requests: string[];
  /** Adds an image; layers are lists of entries, or tars. Returns the manifest's digest. */
  add(
    name: string,
    tag: string,
    layers: readonly (readonly TarEntry[] | Buffer)[],
    change?: DocumentChanges,
  ): Promise<string>;
  /** Replaces what a digest gives. */
  lie(digest: string, content: Uint8Array): void;
  /** The first answer for this blob breaks off after so many bytes. */
  breakOff(digest: string, after: number): void;
  /** Answers to all requests wait so long; a body never comes for Infinity. */
  stall: boolean;
  /** Is asked first; answers itself when it returns true. */
  intercept: ((path: string, response: ServerResponse, host: string) => boolean) | undefined;
  /** Asks for a bearer token, which this user gets by basic auth. */
  requireToken(user: string, password: string): void;
  digestsOf(manifest: string): readonly string[];
  close(): Promise<void>;
}

export interface TarEntry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'block-device';
  readonly linkname?: string;
  readonly content?: string;
  readonly devmajor?: number;
  readonly devminor?: number;
  readonly pax?: Record<string, string>;
}

/** What an image's documents say instead of the truth. */
export interface DocumentChanges {
  readonly manifest?: (manifest: Record<string, unknown>) => object;
  readonly config?: (config: Record<string, unknown>) => object;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

// One closure over what the registry holds reads better than its parts apart.
// eslint-disable-next-line max-lines-per-function
export async function startFakeRegistry(): Promise<FakeRegistry> {
  const content = new Map<string, Uint8Array>();
  const manifests = new Map<string, string>();
  const broken = new Map<string, number>();
  const requests: string[] = [];
  let login: string | undefined;
  const token = 'a-token';

  const answerToken = (request: IncomingMessage, response: ServerResponse): void => {
    const ok = request.headers.authorization === `Basic ${Buffer.from(login ?? '').toString('base64')}`;
    response.writeHead(ok ? 200 : 401).end(ok ? JSON.stringify({ token }) : '{}');
  };

  const answerContent = (path: string, request: IncomingMessage, response: ServerResponse): void => {
    const [, repository, kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    const digest = kind === 'manifests' ? (manifests.get(`${repository}:${reference}`) ?? reference) : reference;
    const bytes = content.get(digest);
    if (bytes !== undefined) return send(request, response, bytes, digest);
    response
      .writeHead(404)
      .end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? '/', 'http://registry').pathname;
    const { range, authorization, host } = request.headers;
    requests.push([request.method, path, range].filter((part) => part !== undefined).join(' '));
    if (registry.intercept?.(path, response, host ?? '') === true) return;
    if (path === '/token') return answerToken(request, response);
    if (login !== undefined && authorization !== `Bearer ${token}`) {
      const challenge = `Bearer realm="http://${host}/token",service="fake"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end('{}');
    }
    if (path === '/v2/') response.end('{}');
    else answerContent(path, request, response);
  };

  const send = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, digest: string): void => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(from);
    const headers = {
      'content-length': part.length,
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    };
    response.writeHead(from > 0 ? 206 : 200, headers);
    const after = broken.get(digest);
    broken.delete(digest);
    if (registry.stall && /blobs/.test(request.url ?? '')) response.write(part.subarray(0, 10));
    else if (after === undefined) response.end(part);
    else response.write(part.subarray(0, after), () => response.destroy());
  };

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const put = (bytes: Uint8Array): { digest: string; size: number } => {
    content.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const registry: FakeRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stall: false,
    intercept: undefined,
    async add(name, tag, layers, change = {}) {
      const same = (document: Record<string, unknown>): object => document;
      const { manifest: inManifest = same, config: inConfig = same } = change;
      const tars = await Promise.all(layers.map(async (layer) => (Buffer.isBuffer(layer) ? layer : tarOf(layer))));
      const blobs = tars.map((bytes) => ({
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        ...put(gzipSync(bytes)),
      }));
      const config = put(
        Buffer.from(
          JSON.stringify(
            inConfig({
              architecture: 'amd64',
              os: 'linux',
              config: { Cmd: ['sh'] },
              rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
            }),
          ),
        ),
      );
      const manifest = put(
        Buffer.from(
          JSON.stringify(
            inManifest({
              schemaVersion: 2,
              mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
              config: { mediaType: 'c', ...config },
              layers: blobs,
            }),
          ),
        ),
      );
      const platform = (architecture: string): object => ({ os: 'linux', architecture });
      const other = { mediaType: 'm', digest: digestOf(Buffer.from('other')), size: 1, platform: platform('s390x') };
      const index = put(
        Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            manifests: [
              other,
              { mediaType: 'm', ...manifest, platform: platform(process.arch === 'x64' ? 'amd64' : process.arch) },
            ],
          }),
        ),
      );
      manifests.set(`${name}:${tag}`, index.digest);
      return manifest.digest;
    },
    lie: (digest, bytes) => void content.set(digest, bytes),
    breakOff: (digest, after) => void broken.set(digest, after),
    requireToken: (user, password) => void (login = `${user}:${password}`),
    digestsOf(manifest) {
      const parsed = JSON.parse(Buffer.from(content.get(manifest) ?? []).toString()) as {
        layers: readonly { digest: string }[];
      };
      return parsed.layers.map((layer) => layer.digest);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}

export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { content = '', ...entry } of entries)
    pack.entry({ mtime: { getTime: () => 0 } as Date, ...entry }, content);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
