/** Which Ingresses are ours. Pure. */
import type { Ingress } from '../api/networking/ingress.ts';
import type { IngressClass } from '../api/networking/ingress-class.ts';

/** The controller that IngressClass `coracle` names. */
export const controllerName = 'coracle.dev/ingress-controller';
export const className = 'coracle';

const oldAnnotation = 'kubernetes.io/ingress.class';
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';

/**
 * By the field, or by the old annotation; those that say nothing belong to the default class. The name `coracle`
 * counts even without an IngressClass of that name.
 */
export function isOurs(ingress: Ingress, classes: readonly IngressClass[]): boolean {
  const ours = classes.filter((each) => each.spec?.controller === controllerName);
  const wanted = ingress.spec?.ingressClassName ?? ingress.metadata.annotations?.[oldAnnotation];
  if (wanted !== undefined && wanted !== '')
    return wanted === className || ours.some(({ metadata }) => metadata.name === wanted);
  const isDefault = ({ metadata }: IngressClass): boolean => metadata.annotations?.[defaultAnnotation] === 'true';
  return classes.some(isDefault) ? ours.some(isDefault) : ours.length > 0;
}
