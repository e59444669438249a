/** A probe that can be told to fail: the next so many times, or (negative) for good. */
import { log, relativeTime } from './log.ts';
import { HttpError, json, type Answer, type Router } from './router.ts';

const maxHistory = 20;

export function addProbe(router: Router, path: string): void {
  let failNext = 0;
  let lastId = 0;
  const history: { id: number; when: number; code: number }[] = [];
  const status = (): Answer =>
    json({
      probePath: path,
      failNext,
      history: history
        .toReversed()
        .map(({ id, when, code }) => ({ id, when: new Date(when).toISOString(), relWhen: relativeTime(when), code })),
    });
  router.on('GET', path, () => {
    const fails = failNext !== 0;
    if (failNext > 0) failNext -= 1;
    history.push({ id: (lastId += 1), when: Date.now(), code: fails ? 500 : 200 });
    if (history.length > maxHistory) history.shift();
    const body = !fails ? 'ok' : failNext < 0 ? 'fail, permanent' : `fail, ${failNext} left`;
    return { status: fails ? 500 : 200, type: 'text/plain', body };
  });
  router.on('GET', `${path}/api`, status);
  router.on('PUT', `${path}/api`, async (request) => {
    const wanted = (JSON.parse(await request.body()) as { failNext?: unknown }).failNext;
    if (typeof wanted !== 'number' || !Number.isInteger(wanted))
      throw new HttpError(400, 'failNext must be an integer');
    failNext = wanted;
    log(`${path}: fail the next ${failNext}`);
    return status();
  });
}
