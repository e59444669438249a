/** The container's file system, to look around in. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Answer, HttpError, type Request, type Router } from './router.ts';

export function addFiles(router: Router, base: string): void {
  router.on('GET', base, () => ({
    status: 200,
    type: 'text/html; charset=utf-8',
    body: `<meta http-equiv="refresh" content="0;url=${base.slice(1)}/">`,
  }));
  router.on('GET', `${base}/*`, show);
}

async function show({ parts: [rest = ''], url }: Request): Promise<Answer> {
  const path = join('/', rest);
  try {
    const found = await stat(path);
    if (found.isFile()) return { type: typeOf(path), body: createReadStream(path) };
    if (!found.isDirectory()) throw new HttpError(403, 'neither a file nor a folder');
    return { type: 'text/html; charset=utf-8', body: await listing(path, url.pathname.endsWith('/')) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new HttpError(404, '404 page not found');
    if (code === 'EACCES' || code === 'EPERM') throw new HttpError(403, '403 Forbidden');
    throw error;
  }
}

async function listing(path: string, slash: boolean): Promise<string> {
  const entries = await readdir(path, { withFileTypes: true });
  const prefix = slash ? '' : `${encodeURIComponent(path.split('/').at(-1) ?? '')}/`;
  const lines = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .toSorted()
    .map((name) => `<a href="${prefix}${encodeURI(name)}">${escapeHtml(name)}</a>`);
  return `<!doctype html><title>${escapeHtml(path)}</title>\n<pre>\n${['<a href="../">../</a>', ...lines].join('\n')}\n</pre>\n`;
}

function typeOf(path: string): string {
  if (path.endsWith('.html') || path.endsWith('.htm')) return 'text/html; charset=utf-8';
  return path.endsWith('.json') ? 'application/json' : 'text/plain; charset=utf-8';
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
