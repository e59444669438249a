import { describe, expect, test } from 'vitest';
import { wantsIndentation } from './readable.ts';

/** Whether a request with this query and from this program gets indented JSON. */
const isIndented = (query: string, agent?: string): boolean =>
  wantsIndentation({ url: `/api/v1/pods${query}`, headers: agent === undefined ? {} : { 'user-agent': agent } });

describe('indentation is for people', () => {
  test.each(['curl/8.5.0', 'Wget/1.21.3', 'Mozilla/5.0 (X11; Linux x86_64)'])('%s has it', (agent) => {
    expect(isIndented('', agent)).toBe(true);
  });

  test.each(['kubectl/v1.35.0 (linux/amd64) kubernetes/abcdef0', 'Go-http-client/2.0', 'not curl'])(
    '%s does not',
    (agent) => {
      expect(isIndented('', agent)).toBe(false);
    },
  );

  test('?pretty says otherwise', () => {
    expect(isIndented('?pretty=true')).toBe(true);
    expect(isIndented('?limit=1&pretty=false', 'curl/8.5.0')).toBe(false);
    expect(isIndented('?labelSelector=pretty', 'curl/8.5.0')).toBe(true);
    expect(isIndented('?labelSelector=pretty')).toBe(false);
  });
});
