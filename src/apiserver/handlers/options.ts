/** The options of a write, from its query. Throws 422 with upstream's texts. */
import { forbidden, notSupported, required, type Fault } from '../../schema/fault.ts';
import { fieldManagerFaults } from '../../api/meta/validate-object-meta.ts';
import type { UserInfo } from '../access.ts';
import { invalid } from '../errors.ts';
import type { WriteContext } from '../registry/context.ts';

const validations = ['', 'Ignore', 'Strict', 'Warn'];

export interface ContextInput {
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly warnings: string[];
  readonly annotate?: WriteContext['annotate'] | undefined;
}

export function writeContext({ query, user, userAgent, warnings, annotate }: ContextInput): WriteContext {
  const validation = query.get('fieldValidation') ?? '';
  return {
    user,
    userAgent,
    annotate,
    dryRun: query.getAll('dryRun').length > 0,
    fieldManager: query.get('fieldManager') ?? '',
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    warn: (text) => void warnings.push(text),
  };
}

export function checkOptions(
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  query: URLSearchParams,
  apply = false,
): void {
  const faults: Fault[] = [];
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((each) => each !== 'All')) faults.push(notSupported('dryRun', dryRun, ['All']));
  faults.push(...fieldManagerFaults(query.get('fieldManager') ?? '', 'fieldManager'));
  const validation = query.get('fieldValidation') ?? '';
  if (!validations.includes(validation)) faults.push(notSupported('fieldValidation', validation, validations));
  if (kind === 'PatchOptions') faults.push(...patchFaults(query, apply));
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', faults);
}

function patchFaults(query: URLSearchParams, apply: boolean): readonly Fault[] {
  if (!apply) {
    return query.has('force') ? [forbidden('force', 'may not be specified for non-apply patch')] : [];
  }
  const manager = query.get('fieldManager') ?? '';
  return manager === '' ? [required('fieldManager', 'is required for apply patch')] : [];
}
