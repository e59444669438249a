import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { proxiedAnswer, proxiedLink, type ProxiedAnswer } from './proxy-links.ts';

const prefix = '/api/v1/namespaces/default/pods/http:web:80/proxy';
const proxied = { host: '10.0.0.7:80', frontHost: '127.0.0.1:6443', prefix };

describe('a link', () => {
  test.each([
    ['to the root of the server', '/style.css', `${prefix}/style.css`],
    ['with a query and a fragment', '/a/?b=/c#d', `${prefix}/a/?b=/c#d`],
    ['to the root itself', '/', `${prefix}/`],
    ['that is relative', 'style.css', 'style.css'],
    ['to a fragment', '#top', '#top'],
    ['of the server by its address', 'http://10.0.0.7:80/x', `${prefix}/x`],
    ['of the server without a path', 'http://10.0.0.7:80', `${prefix}/`],
    ['of the proxy by its address', 'https://127.0.0.1:6443/x', `${prefix}/x`],
    ['to another server', 'https://example.com/x', 'https://example.com/x'],
    ['to another server by its scheme', '//example.com/x', '//example.com/x'],
    ['of another kind', 'mailto:ann@example.com', 'mailto:ann@example.com'],
    ['that goes through the proxy already', `${prefix}/x`, `${prefix}/x`],
  ])('%s', (_which, link, expected) => {
    expect(proxiedLink(link, proxied)).toBe(expected);
  });
});

function answered(headers: Record<string, string>, body: Uint8Array | string): Promise<ProxiedAnswer> {
  const answer = Object.assign(Readable.from([Buffer.from(body)]), { headers }) as unknown as IncomingMessage;
  return proxiedAnswer(answer, headers, proxied);
}

const page = '<!doctype html><p class=x>1 &lt; 2 <A HREF="/next" id=n>go</A><img src=/a.png><p href="/kept">';

describe('an answer', () => {
  test('that is a page has its links changed, and nothing else', async () => {
    const { headers, body } = await answered(
      { 'content-type': 'text/html; charset=utf-8', 'content-length': '99' },
      page,
    );
    expect(headers).toEqual({ 'content-type': 'text/html; charset=utf-8' });
    expect(await text(body)).toBe(
      `<!doctype html><p class=x>1 &lt; 2 <a href="${prefix}/next" id="n">go</A><img src="${prefix}/a.png"><p href="/kept">`,
    );
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('that is packed (%s) is unpacked first', async (encoding, pack) => {
    const { headers, body } = await answered({ 'content-type': 'text/html', 'content-encoding': encoding }, pack(page));
    expect(headers).toEqual({ 'content-type': 'text/html' });
    expect(await text(body)).toContain(`href="${prefix}/next"`);
  });

  test('that is no page, or packed in an unknown way, passes untouched', async () => {
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'text/html', 'content-encoding': 'br' },
    ]) {
      const answer = await answered(headers, page);
      expect(answer.headers).toEqual(headers);
      expect(await text(answer.body)).toBe(page);
    }
  });

  test('that leads elsewhere leads there through the proxy', async () => {
    const { headers } = await answered({ location: '/login?next=/' }, '');
    expect(headers).toEqual({ location: `${prefix}/login?next=/` });
  });
});
