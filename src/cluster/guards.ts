/** What of a cluster's guards the user has changed: kept in its settings. */
export interface GuardSettings {
  /** Names of admission plugins beside, and taken off, the default ones. */
  readonly enableAdmission?: readonly string[];
  readonly disableAdmission?: readonly string[];
  readonly audit?: AuditSettings;
}

export interface AuditSettings {
  /** Path of the policy; without one nothing is logged. */
  readonly policy: string;
  /** Path of the log; the cluster's log folder when not said. */
  readonly log?: string;
}
