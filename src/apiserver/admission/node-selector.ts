/**
 * PodNodeSelector: a namespace says by annotation on which nodes its pods run.
 *
 * Message: plugin/pkg/admission/podnodeselector/admission.go.
 */
import { Namespace } from '../../api/core/namespace.ts';
import { Pod } from '../../api/core/pod.ts';
import type { AdmissionPlugin, ObjectReader } from '../access.ts';
import { internalError } from '../errors.ts';
import { podOf, refuse, writes } from './request.ts';

const annotation = 'scheduler.alpha.kubernetes.io/node-selector';

export function podNodeSelector(reader: ObjectReader): AdmissionPlugin {
  const selectorOf = (namespace: string): Readonly<Record<string, string>> =>
    parse(reader.get(Namespace, '', namespace)?.metadata.annotations?.[annotation] ?? '');
  return {
    name: 'PodNodeSelector',
    handles: writes(Pod, 'CREATE'),
    admit(request) {
      const { spec } = podOf(request);
      const wanted = Object.entries(selectorOf(request.namespace));
      if (spec === undefined || wanted.length === 0) return;
      const own = spec.nodeSelector ?? {};
      if (wanted.some(([key, value]) => own[key] !== undefined && own[key] !== value)) {
        throw refuse(request, 'pod node label selector conflicts with its namespace node label selector');
      }
      spec.nodeSelector = { ...own, ...Object.fromEntries(wanted) };
    },
    validate(request) {
      const own = podOf(request).spec?.nodeSelector ?? {};
      if (Object.entries(selectorOf(request.namespace)).every(([key, value]) => own[key] === value)) return;
      throw refuse(request, 'pod node label selector conflicts with its namespace node label selector');
    },
  };
}

/** `disk=ssd,zone=a` */
function parse(text: string): Readonly<Record<string, string>> {
  const pairs = text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', value, ...rest] = pair.split('=').map((each) => each.trim());
      if (value === undefined || key === '' || rest.length > 0) {
        throw internalError(
          `the annotation ${annotation} must read key=value,key=value; found ${JSON.stringify(pair)}`,
        );
      }
      return [key, value];
    }),
  );
}
