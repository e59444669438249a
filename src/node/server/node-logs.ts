/** GET /logs/...: the machine's log files, as the kubelet shows them: folders as lists of links, files as they are. */
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { codeOf } from '../../base/errors.ts';
import { HttpError, type KubeletRequest, type KubeletResponse } from './http.ts';

/** Answers with what lies at the path below `root`; links that lead out of it are not followed. */
export async function nodeLogs(root: string, request: KubeletRequest, response: KubeletResponse): Promise<void> {
  if (request.url.searchParams.has('query')) {
    throw new HttpError(400, 'node log query is disabled: this node serves the files below /logs/ only');
  }
  const path = await inside(root, request.parts.slice(1));
  const found = await stat(path);
  if (found.isFile()) {
    const out = response.stream('text/plain; charset=utf-8');
    // No more than it holds now: one that is being written would have no end.
    if (found.size > 0) await pipeline(createReadStream(path, { end: found.size - 1 }), out).catch(() => {});
    else out.end();
    return;
  }
  if (!found.isDirectory()) throw new HttpError(404, '404 page not found');
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.map((each) => `${each.name}${each.isDirectory() ? '/' : ''}`).toSorted();
  const links = names.map((name) => `<a href="${encodeURIComponent(name).replace('%2F', '/')}">${escaped(name)}</a>\n`);
  const out = response.stream('text/html; charset=utf-8');
  out.end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`);
}

/** Throws HttpError when there is nothing, or nothing that lies below the root. */
async function inside(root: string, parts: readonly string[]): Promise<string> {
  if (parts.some((part) => part === '..' || part.includes('/') || part.includes('\0'))) {
    throw new HttpError(400, 'invalid URL path');
  }
  try {
    const base = await realpath(root);
    const real = await realpath(join(base, ...parts));
    if (real === base || real.startsWith(base + sep)) return real;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) throw error;
  }
  throw new HttpError(404, '404 page not found');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;');
