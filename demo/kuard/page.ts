/** The page: one document whose parts ask the JSON API. */
import { hostname, networkInterfaces } from 'node:os';
import { escapeHtml } from './files.ts';
import type { Request } from './router.ts';

export interface Identity {
  readonly version: string;
  /** CSS colour of the heading. */
  readonly color: string;
}

const colors: Readonly<Record<string, string>> = {
  blue: '#1f6feb',
  green: '#1a7f37',
  purple: '#8250df',
  '1': '#bf8700',
  '2': '#cf222e',
  '3': '#0a7ea4',
};

/** The variant is what the image was tagged as: a colour or a number. */
export function identityOf(variant: string): Identity {
  return { version: `v0.10.0-${variant}`, color: colors[variant] ?? '#57606a' };
}

export function page({ version, color }: Identity, { incoming }: Request): string {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter((each) => !each.internal && each.family === 'IPv4');
  const headers: string[] = [];
  for (let at = 0; at < incoming.rawHeaders.length; at += 2)
    headers.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
  const context = {
    hostname: hostname(),
    addrs: addresses.map((each) => each.address),
    version,
    versionColor: color,
    requestDump: [`${incoming.method} ${incoming.url} HTTP/${incoming.httpVersion}`, ...headers].join('\n'),
    requestProto: `HTTP/${incoming.httpVersion}`,
    requestAddr: `${incoming.socket.remoteAddress}:${incoming.socket.remotePort}`,
  };
  const encoded = JSON.stringify(context).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>KUAR Demo</title><style>${styles(color)}</style></head><body>
<header><h1>Demo application</h1><p>Version <b>${escapeHtml(version)}</b> on <b>${escapeHtml(context.hostname)}</b> (${escapeHtml(context.addrs.join(', '))})</p>
<p class="warning"><b>WARNING:</b> This server may expose sensitive and secret information. Be careful.</p></header>
<nav id="tabs"></nav><main id="main"></main>
<script>var pageContext = ${encoded};</script><script>${script}</script></body></html>
`;
}

const styles = (color: string): string => `
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1f2328; }
header { background: ${color}; color: #fff; padding: 1rem 2rem; } header h1, header p { margin: 0; }
nav { display: flex; flex-wrap: wrap; gap: .25rem; padding: .5rem 2rem; border-bottom: 1px solid #d0d7de; }
nav a { padding: .25rem .75rem; border-radius: 6px; color: inherit; text-decoration: none; }
nav a.current { background: ${color}; color: #fff; }
main { padding: 1rem 2rem; } pre { background: #f6f8fa; padding: 1rem; overflow: auto; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #d0d7de; word-break: break-all; }
button, input, select { font: inherit; margin: .25rem; }`;

/** Runs in the browser. */
const script = String.raw`
const base = location.pathname.match(/^\/[abc](?=\/|$)/)?.[0] ?? '';
const main = document.getElementById('main');
const element = (name, attributes = {}, ...children) => {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
};
const ask = async (path, options) => (await fetch(base + path, options)).text();
const get = async (path, options) => JSON.parse(await ask(path, options));
const table = (head, rows) => element('table', {}, element('tr', {}, ...head.map((each) => element('th', {}, each))),
  ...rows.map((row) => element('tr', {}, ...row.map((each) => element('td', {}, String(each))))));
const button = (label, action) => element('button', { onclick: () => action().then(render) }, label);
const probe = (path) => async () => {
  const { failNext, history } = await get(path + '/api');
  const fail = (count) => button(count === 0 ? 'Succeed' : count < 0 ? 'Fail' : 'Fail for next ' + count + ' calls',
    () => ask(path + '/api', { method: 'PUT', body: JSON.stringify({ failNext: count }) }));
  return [element('p', {}, 'Fails next: ' + (failNext < 0 ? 'always' : failNext)), fail(-1), fail(0), fail(1), fail(3), fail(10),
    table(['ID', 'When', 'Status'], history.map(({ id, when, relWhen, code }) => [id, when + ' (' + relWhen + ')', code]))];
};
const tabs = {
  'Request Details': async () => [table(['Request', ''], [['Proto', pageContext.requestProto], ['Client addr', pageContext.requestAddr]]), element('pre', {}, pageContext.requestDump)],
  'File system': async () => [element('a', { href: base + '/fs/' }, 'Browse the file system')],
  'Server Env': async () => {
    const { commandLine, env } = await get('/env/api');
    return [element('pre', {}, commandLine.join(' ')), table(['Key', 'Value'], Object.entries(env).sort())];
  },
  Memory: async () => {
    const { memStats } = await get('/mem/api');
    const take = (mib) => button('Allocate ' + mib + ' MiB', () => ask('/mem/api/alloc?size=' + mib * 1048576, { method: 'POST' }));
    return [take(20), take(100), take(500), button('Clear', () => ask('/mem/api/clear', { method: 'POST' })),
      table(['', 'MiB'], Object.entries(memStats).map(([name, bytes]) => [name, (bytes / 1048576).toFixed(1)]))];
  },
  'Liveness Probe': probe('/healthy'),
  'Readiness Probe': probe('/ready'),
  'DNS Query': async () => {
    const type = element('select', {}, ...['A', 'AAAA', 'SRV', 'CNAME', 'MX', 'NS', 'TXT', 'PTR', 'SOA'].map((each) => element('option', {}, each)));
    const name = element('input', { placeholder: 'name' });
    const output = element('pre');
    const query = async () => { output.textContent = (await get('/dns/api', { method: 'POST', body: JSON.stringify({ type: type.value, name: name.value }) })).result; };
    return [type, name, element('button', { onclick: query }, 'Query'), output];
  },
  'KeyGen Workload': async () => {
    const { config, history } = await get('/keygen');
    const put = (change) => () => ask('/keygen', { method: 'PUT', body: JSON.stringify({ ...config, ...change }) });
    return [button(config.enable ? 'Stop' : 'Start', put({ enable: !config.enable })), element('pre', {}, JSON.stringify(config, null, 2)),
      table(['ID', 'Data'], history.toReversed().map(({ id, data }) => [id, data]))];
  },
  'MemQ Server': async () => {
    const { queues } = await get('/memq/server/stats');
    const queue = (name, verb, method) => () => ask('/memq/server/queues/' + encodeURIComponent(name) + verb, { method });
    const name = element('input', { placeholder: 'queue' });
    return [name, button('Create', () => queue(name.value, '', 'PUT')()), table(['Queue', 'Depth', 'Enqueued', 'Dequeued', 'Drained'],
      queues.map((each) => [each.name, each.depth, each.enqueued, each.dequeued, each.drained])),
      ...queues.flatMap((each) => [button('Drain ' + each.name, queue(each.name, '/drain', 'POST')), button('Delete ' + each.name, queue(each.name, '', 'DELETE'))])];
  },
};
const slug = (title) => title.toLowerCase().replaceAll(' ', '-');
const aliases = { '/env': 'server-env', '/mem': 'memory', '/dns': 'dns-query', '/memq': 'memq-server' };
let current = location.hash.slice(1) || aliases[location.pathname.slice(base.length)] || 'request-details';
const render = async () => {
  const title = Object.keys(tabs).find((each) => slug(each) === current) ?? 'Request Details';
  document.getElementById('tabs').replaceChildren(...Object.keys(tabs).map((each) => element('a', { href: '#' + slug(each), className: each === title ? 'current' : '' }, each)));
  try { main.replaceChildren(element('h2', {}, title), ...(await tabs[title]())); }
  catch (error) { main.replaceChildren(element('p', {}, 'The server does not answer: ' + error.message)); }
};
addEventListener('hashchange', () => { current = location.hash.slice(1); render(); });
setInterval(() => /probe|keygen|memq|memory/.test(current) && document.activeElement?.tagName !== 'INPUT' && render(), 2000);
render();`;
