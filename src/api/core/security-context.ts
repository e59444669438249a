import { boolean, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const Capabilities = struct('io.k8s.api.core.v1.Capabilities', '', {
  add: list(1, string()),
  drop: list(2, string()),
});
export interface Capabilities extends Infer<typeof Capabilities> {}

export const SELinuxOptions = struct('io.k8s.api.core.v1.SELinuxOptions', '', {
  user: string(1),
  role: string(2),
  type: string(3),
  level: string(4),
});
export interface SELinuxOptions extends Infer<typeof SELinuxOptions> {}

export const WindowsSecurityContextOptions = struct('io.k8s.api.core.v1.WindowsSecurityContextOptions', '', {
  gmsaCredentialSpecName: string(1).pointer(),
  gmsaCredentialSpec: string(2).pointer(),
  runAsUserName: string(3).pointer(),
  hostProcess: boolean(4).pointer(),
});
export interface WindowsSecurityContextOptions extends Infer<typeof WindowsSecurityContextOptions> {}

export const Sysctl = struct('io.k8s.api.core.v1.Sysctl', '', {
  name: string(1).required(),
  value: string(2).present(),
});
export interface Sysctl extends Infer<typeof Sysctl> {}

export const SeccompProfile = struct('io.k8s.api.core.v1.SeccompProfile', '', {
  type: string(1).known<'Unconfined' | 'RuntimeDefault' | 'Localhost'>().present(),
  localhostProfile: string(2).pointer(),
});
export interface SeccompProfile extends Infer<typeof SeccompProfile> {}

export const AppArmorProfile = struct('io.k8s.api.core.v1.AppArmorProfile', '', {
  type: string(1).known<'Unconfined' | 'RuntimeDefault' | 'Localhost'>().present(),
  localhostProfile: string(2).pointer(),
});
export interface AppArmorProfile extends Infer<typeof AppArmorProfile> {}

export const PodSecurityContext = struct('io.k8s.api.core.v1.PodSecurityContext', '', {
  seLinuxOptions: of(1, SELinuxOptions),
  windowsOptions: of(8, WindowsSecurityContextOptions),
  runAsUser: int64(2).pointer(),
  runAsGroup: int64(6).pointer(),
  runAsNonRoot: boolean(3).pointer(),
  supplementalGroups: list(4, int64()),
  supplementalGroupsPolicy: string(12).enum('Merge', 'Strict').pointer(),
  fsGroup: int64(5).pointer(),
  sysctls: list(7, Sysctl),
  fsGroupChangePolicy: string(9).enum('Always', 'OnRootMismatch').pointer(),
  seccompProfile: of(10, SeccompProfile),
  appArmorProfile: of(11, AppArmorProfile),
  seLinuxChangePolicy: string(13).enum('MountOption', 'Recursive').pointer(),
});
export interface PodSecurityContext extends Infer<typeof PodSecurityContext> {}

export const SecurityContext = struct('io.k8s.api.core.v1.SecurityContext', '', {
  capabilities: of(1, Capabilities),
  privileged: boolean(2).pointer(),
  seLinuxOptions: of(3, SELinuxOptions),
  windowsOptions: of(10, WindowsSecurityContextOptions),
  runAsUser: int64(4).pointer(),
  runAsGroup: int64(8).pointer(),
  runAsNonRoot: boolean(5).pointer(),
  readOnlyRootFilesystem: boolean(6).pointer(),
  allowPrivilegeEscalation: boolean(7).pointer(),
  procMount: string(9).enum('Default', 'Unmasked').pointer(),
  seccompProfile: of(11, SeccompProfile),
  appArmorProfile: of(12, AppArmorProfile),
});
export interface SecurityContext extends Infer<typeof SecurityContext> {}
