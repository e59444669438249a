/**
 * RuntimeClass: the class that a pod names must exist; what it costs and where it can be had becomes the pod's.
 *
 * Messages: plugin/pkg/admission/runtimeclass/admission.go.
 */
import { Pod } from '../../api/core/pod.ts';
// oxlint-disable-next-line no-restricted-imports -- a group of the catalogue, not the floor of that name
import { RuntimeClass } from '../../api/node/runtime-class.ts';
import { deepClone } from '../../schema/freeze.ts';
import { compareQuantity } from '../../schema/quantity.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../access.ts';
import { podOf, quoted, refuse, writes, type PodDraft } from './request.ts';
import { mergeTolerations } from './tolerations.ts';

type Amounts = Readonly<Record<string, string>>;

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

export function runtimeClassAdmission(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    handles: writes(Pod, 'CREATE'),
    admit(request) {
      const pod = podOf(request);
      const found = classOf(request, pod, reader);
      if (found === undefined) return;
      setOverhead(request, pod, found.overhead?.podFixed);
      setScheduling(request, pod, found);
    },
    validate(request) {
      const pod = podOf(request);
      const overhead = classOf(request, pod, reader)?.overhead;
      const own = pod.spec?.overhead;
      if (overhead === undefined) {
        if (own === undefined) return;
        throw refuse(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      }
      if (!sameAmounts(overhead.podFixed ?? {}, own ?? {})) throw refuse(request, mismatch);
    },
  };
}

function classOf(request: AdmissionRequest, { spec }: PodDraft, reader: ObjectReader): RuntimeClass | undefined {
  const name = spec?.runtimeClassName;
  if (name === undefined) return undefined;
  const found = reader.get(RuntimeClass, '', name);
  if (found === undefined) throw refuse(request, `pod rejected: RuntimeClass ${quoted(name)} not found`);
  return found;
}

function setOverhead(request: AdmissionRequest, { spec }: PodDraft, overhead: Amounts | undefined): void {
  if (overhead === undefined || spec === undefined) return;
  if (spec.overhead !== undefined && !sameAmounts(overhead, spec.overhead)) throw refuse(request, mismatch);
  spec.overhead = { ...overhead };
}

function sameAmounts(left: Amounts, right: Amounts): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => right[name] !== undefined && compareQuantity(left[name] ?? 0, right[name]) === 0)
  );
}

function setScheduling(request: AdmissionRequest, { spec }: PodDraft, { scheduling }: RuntimeClass): void {
  if (scheduling === undefined || spec === undefined) return;
  const selector = { ...spec.nodeSelector };
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = selector[key];
    if (own !== undefined && own !== value) {
      throw refuse(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    }
    selector[key] = value;
  }
  if (Object.keys(selector).length > 0) spec.nodeSelector = selector;
  const { tolerations = [] } = scheduling;
  if (tolerations.length > 0) {
    spec.tolerations = mergeTolerations(
      spec.tolerations ?? [],
      tolerations.map((each) => deepClone(each)),
    );
  }
}
