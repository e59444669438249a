/** The settings of admission plugins, from the file that a cluster's guards name. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  AdmissionConfigurationError,
  readAdmissionConfiguration,
  type AdmissionConfiguration,
} from '../../apiserver/admission/configuration.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { UserError } from '../../cli/user-error.ts';
import type { GuardSettings } from './guards.ts';

/** Nothing when no file is named. Throws a UserError. */
export async function readAdmission(guards: GuardSettings = {}): Promise<AdmissionConfiguration> {
  const { admissionConfig: file } = guards;
  if (file === undefined) return {};
  try {
    const readFile = (path: string): string => readFileSync(resolve(dirname(file), path), 'utf8');
    return await readAdmissionConfiguration(readFileSync(file, 'utf8'), readFile);
  } catch (error) {
    if (!(error instanceof AdmissionConfigurationError) && codeOf(error) === undefined) throw error;
    throw new UserError(
      `the admission configuration ${file} can't be used: ${messageOf(error)}`,
      "mend it, or go on without: coracle up --admission-control-config-file ''",
    );
  }
}
