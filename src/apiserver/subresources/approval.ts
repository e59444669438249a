/** `certificatesigningrequests/NAME/approval`: changes the conditions, and nothing else of spec and status. */
import { requestFaults, requestUpdateFaults } from '../../api/certificates/request-faults.ts';
import { timestamp } from '../../base/clock.ts';
import { deepClone, isRecord } from '../../schema/freeze.ts';
import { notFound } from '../errors.ts';
import { readBody } from '../http/body.ts';
import { patchFormat } from '../http/negotiate.ts';
import { bodyOf, getObject } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';
import { parseBody, readObject } from '../registry/draft.ts';
import { patched } from '../registry/patch.ts';
import type { DraftObject } from '../registry/snapshot.ts';
import { updateObject } from '../registry/update.ts';
import { unsupportedMediaType } from '../errors.ts';
import type { Answer, Call, SubresourceHandler } from '../server-types.ts';

export const approvalHandler: SubresourceHandler = {
  verbs: ['get', 'update', 'patch'],
  handle: (call) => (call.info.verb === 'get' ? getObject(call) : approve(call)),
};

async function approve(call: Call): Promise<Answer> {
  const { resource, target, server, context, info, exchange } = call;
  const patching = info.verb === 'patch';
  checkOptions(patching ? 'PatchOptions' : 'UpdateOptions', info.query);
  const format = patching ? patchFormat(exchange.headers['content-type'], true) : 'merge';
  if (format === 'apply') throw unsupportedMediaType(['application/merge-patch+json', 'application/json-patch+json']);
  const parsed = patching ? await parseBody(await readBody(exchange, server.clock), 'json', true) : await bodyOf(call);
  const { snapshot } = await updateObject(server.registry, target, context, {
    merged: patching,
    createAbsent: false,
    rules: (draft, old) => [...requestFaults(draft, old.value), ...requestUpdateFaults(draft, old.value, 'approval')],
    next(old) {
      if (old === undefined) throw notFound(resource.name, target.name);
      const sent = patching ? patched(resource, old, format, parsed, context) : readObject(resource, parsed, context);
      const kept = deepClone(old.value) as DraftObject;
      const status = isRecord(kept['status']) ? kept['status'] : {};
      const conditions = stamped(sent, timestamp(server.clock.now()));
      // As upstream, labels and annotations may be changed on the way.
      return { ...sent, spec: kept['spec'], status: { ...status, conditions } };
    },
  });
  return { type: 'object', status: 200, resource, snapshot };
}

interface Condition {
  readonly type: string;
  readonly status?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
}

/** Conditions carry the time of the server when the client says none. */
function stamped(sent: DraftObject, now: string): readonly Condition[] {
  const { conditions = [] } = (sent['status'] ?? {}) as { readonly conditions?: readonly Condition[] };
  return conditions.map((each) => ({ status: 'True', lastUpdateTime: now, lastTransitionTime: now, ...each }));
}
