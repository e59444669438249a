/**
 * AlwaysPullImages: whoever starts a container shows the registry that it may have the image.
 *
 * Upstream: plugin/pkg/admission/alwayspullimages/admission.go.
 */
import { Pod } from '../../api/core/pod.ts';
import type { AdmissionPlugin } from '../access.ts';
import { containersOf, isOf, podOf } from './request.ts';

export function alwaysPullImages(): AdmissionPlugin {
  return {
    name: 'AlwaysPullImages',
    handles: (request) =>
      isOf(Pod, request) &&
      (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
      (request.subresource === '' || request.subresource === 'ephemeralcontainers'),
    admit(request) {
      const known = new Set(containersOf((request.old ?? {}) as ReturnType<typeof podOf>).map(({ image }) => image));
      const containers = containersOf(podOf(request));
      // Nothing new to fetch: what runs may go on as it is.
      if (request.operation === 'UPDATE' && containers.every(({ image }) => known.has(image))) return;
      for (const container of containers) container.imagePullPolicy = 'Always';
      for (const { image } of podOf(request).spec?.volumes ?? []) if (image !== undefined) image.pullPolicy = 'Always';
    },
  };
}
