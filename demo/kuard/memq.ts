/** An in-memory work queue, spoken to over HTTP. */
import { randomUUID } from 'node:crypto';
import { HttpError, json, type Router } from './router.ts';

interface Message {
  readonly kind: 'message';
  readonly id: string;
  readonly body: string;
  readonly creationTimestamp: string;
}

interface Queue {
  messages: Message[];
  enqueued: number;
  dequeued: number;
  drained: number;
}

/** Bounds on what others may put into this process. */
const maxQueues = 1000;
const maxDepth = 1_000_000;

export function addWorkQueue(router: Router, base: string): void {
  const queues = new Map<string, Queue>();
  const find = (name = ''): Queue => {
    const queue = queues.get(name);
    if (queue === undefined) throw new HttpError(400, 'Queue does not exist');
    return queue;
  };
  router.on('GET', `${base}/stats`, () =>
    json({
      kind: 'stats',
      queues: [...queues].map(([name, { messages, enqueued, dequeued, drained }]) => ({
        name,
        depth: messages.length,
        enqueued,
        dequeued,
        drained,
      })),
    }),
  );
  router.on('PUT', `${base}/queues/:`, ({ parts: [name = ''] }) => {
    if (queues.has(name)) throw new HttpError(400, 'Queue already exists');
    if (queues.size >= maxQueues) throw new HttpError(400, 'Too many queues');
    queues.set(name, { messages: [], enqueued: 0, dequeued: 0, drained: 0 });
    return { body: '' };
  });
  router.on('DELETE', `${base}/queues/:`, ({ parts: [name = ''] }) => {
    find(name);
    queues.delete(name);
    return { body: '' };
  });
  router.on('POST', `${base}/queues/:/drain`, ({ parts: [name] }) => {
    const queue = find(name);
    queue.drained += queue.messages.length;
    queue.messages = [];
    return { body: '' };
  });
  router.on('POST', `${base}/queues/:/enqueue`, async (request) => {
    const queue = find(request.parts[0]);
    if (queue.messages.length >= maxDepth) throw new HttpError(400, 'Queue is full');
    const body = await request.body();
    const message: Message = { kind: 'message', id: randomUUID(), body, creationTimestamp: new Date().toISOString() };
    queue.messages.push(message);
    queue.enqueued += 1;
    return json(message);
  });
  router.on('POST', `${base}/queues/:/dequeue`, ({ parts: [name] }) => {
    const queue = find(name);
    const message = queue.messages.shift();
    if (message === undefined) return { status: 204, body: '' };
    queue.dequeued += 1;
    return json(message);
  });
}
