/** Who is answered with indented JSON: who asks for it, and tools behind which a person sits, as upstream does. */
import type { Exchange } from './exchange.ts';
import { isTrue } from './request-info.ts';

const toolsOfPeople = ['curl', 'Wget', 'Mozilla/5.0'];

export function wantsIndentation({ url, headers }: Pick<Exchange, 'url' | 'headers'>): boolean {
  const asked = askedFor(url);
  if (asked !== '') return isTrue(asked);
  const agent = headers['user-agent'] ?? '';
  return toolsOfPeople.some((tool) => agent.startsWith(tool));
}

function askedFor(url: string): string {
  if (!url.includes('pretty')) return '';
  const query = url.indexOf('?');
  return query === -1 ? '' : (new URLSearchParams(url.slice(query)).get('pretty') ?? '');
}
