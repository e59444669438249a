import { expect, test } from 'vitest';
import { inbox, mailbox, Outbox } from './mailbox.ts';

test('what is posted is received in order, larger than the memory was at first, until the end', () => {
  const memory = mailbox();
  const outbox = new Outbox(memory);
  const received = inbox(memory);
  for (const size of [1, 100_000, 10, 5_000_000]) {
    outbox.post(size, (body) => body.fill(size % 251));
    const { value } = received.next() as { value: Buffer };
    expect(value).toHaveLength(size);
    expect(value.every((byte) => byte === size % 251)).toBe(true);
  }
  outbox.end();
  expect(received.next().done).toBe(true);
});

test('a batch that no mailbox holds is refused, and the next one goes', () => {
  const memory = mailbox();
  const outbox = new Outbox(memory);
  expect(() => outbox.post(257 * 2 ** 20, () => {})).toThrow('more than the journal takes at once');
  outbox.post(3, (body) => body.write('abc'));
  expect(inbox(memory).next().value?.toString()).toBe('abc');
});
