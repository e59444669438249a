import { boolean, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const Capabilities = struct(
  'io.k8s.api.core.v1.Capabilities',
  'Capabilities of Linux, by name without `CAP_`.',
  {
    add: list(1, string()).doc('Those that are added.'),
    drop: list(2, string()).doc('Those that are taken away; `ALL` for all.'),
  },
);
export interface Capabilities extends Infer<typeof Capabilities> {}

export const SELinuxOptions = struct('io.k8s.api.core.v1.SELinuxOptions', 'Parts of an SELinux label.', {
  user: string(1).doc('User of the label.'),
  role: string(2).doc('Role of the label.'),
  type: string(3).doc('Type of the label.'),
  level: string(4).doc('Level of the label.'),
});
export interface SELinuxOptions extends Infer<typeof SELinuxOptions> {}

export const WindowsSecurityContextOptions = struct(
  'io.k8s.api.core.v1.WindowsSecurityContextOptions',
  'Security settings for Windows.',
  {
    gmsaCredentialSpecName: string(1).pointer().doc("Name of the group account's credential spec."),
    gmsaCredentialSpec: string(2).pointer().doc('The credential spec itself.'),
    runAsUserName: string(3).pointer().doc('User of the processes.'),
    hostProcess: boolean(4).pointer().doc('Whether the container runs on the host itself.'),
  },
);
export interface WindowsSecurityContextOptions extends Infer<typeof WindowsSecurityContextOptions> {}

export const Sysctl = struct('io.k8s.api.core.v1.Sysctl', 'A kernel setting.', {
  name: string(1).required().doc('Name of the setting.'),
  value: string(2).present().doc('Value of the setting.'),
});
export interface Sysctl extends Infer<typeof Sysctl> {}

export const SeccompProfile = struct('io.k8s.api.core.v1.SeccompProfile', 'A filter for system calls.', {
  type: string(1)
    .known<'Unconfined' | 'RuntimeDefault' | 'Localhost'>()
    .present()
    .doc('`RuntimeDefault`, `Unconfined` or `Localhost`.'),
  localhostProfile: string(2).pointer().doc('File with the profile on the node, for `Localhost`.'),
});
export interface SeccompProfile extends Infer<typeof SeccompProfile> {}

export const AppArmorProfile = struct('io.k8s.api.core.v1.AppArmorProfile', 'A profile of AppArmor.', {
  type: string(1)
    .known<'Unconfined' | 'RuntimeDefault' | 'Localhost'>()
    .present()
    .doc('`RuntimeDefault`, `Unconfined` or `Localhost`.'),
  localhostProfile: string(2).pointer().doc('Name of a profile that is loaded on the node, for `Localhost`.'),
});
export interface AppArmorProfile extends Infer<typeof AppArmorProfile> {}

export const PodSecurityContext = struct(
  'io.k8s.api.core.v1.PodSecurityContext',
  'Security settings for all containers of a pod.',
  {
    seLinuxOptions: of(1, SELinuxOptions).doc('The SELinux context of the processes.'),
    windowsOptions: of(8, WindowsSecurityContextOptions).doc('Settings for Windows.'),
    runAsUser: int64(2).pointer().doc('User id of the processes; the image says it when this is left out.'),
    runAsGroup: int64(6).pointer().doc('Group id of the processes.'),
    runAsNonRoot: boolean(3).pointer().doc('Whether a container that would run as user 0 is refused.'),
    supplementalGroups: list(4, int64()).doc('Further group ids of the processes.'),
    supplementalGroupsPolicy: string(12)
      .enum('Merge', 'Strict')
      .pointer()
      .doc("Whether groups from the image's /etc/group are added."),
    fsGroup: int64(5).pointer().doc('Group id that owns the volumes.'),
    sysctls: list(7, Sysctl).doc('Kernel settings of the pod.'),
    fsGroupChangePolicy: string(9)
      .enum('Always', 'OnRootMismatch')
      .pointer()
      .doc('Whether the owner of volumes is changed always or only when it is wrong.'),
    seccompProfile: of(10, SeccompProfile).doc('Which system calls are allowed.'),
    appArmorProfile: of(11, AppArmorProfile).doc('The AppArmor profile of the processes.'),
    seLinuxChangePolicy: string(13)
      .enum('MountOption', 'Recursive')
      .pointer()
      .doc('How volumes get their SELinux label.'),
  },
);
export interface PodSecurityContext extends Infer<typeof PodSecurityContext> {}

export const SecurityContext = struct(
  'io.k8s.api.core.v1.SecurityContext',
  'Security settings of a container; they win over those of the pod.',
  {
    capabilities: of(1, Capabilities).doc('Capabilities that are added or taken away.'),
    privileged: boolean(2).pointer().doc('Whether its processes may do what root on the node may.'),
    seLinuxOptions: of(3, SELinuxOptions).doc('The SELinux context of the processes.'),
    windowsOptions: of(10, WindowsSecurityContextOptions).doc('Settings for Windows.'),
    runAsUser: int64(4).pointer().doc('User id of the processes; the image says it when this is left out.'),
    runAsGroup: int64(8).pointer().doc('Group id of the processes.'),
    runAsNonRoot: boolean(5).pointer().doc('Whether a container that would run as user 0 is refused.'),
    readOnlyRootFilesystem: boolean(6).pointer().doc("Whether the container's own file system cannot be written."),
    allowPrivilegeEscalation: boolean(7).pointer().doc('Whether a process may gain more rights than its parent.'),
    procMount: string(9).enum('Default', 'Unmasked').pointer().doc('How much of /proc is hidden.'),
    seccompProfile: of(11, SeccompProfile).doc('Which system calls are allowed.'),
    appArmorProfile: of(12, AppArmorProfile).doc('The AppArmor profile of the processes.'),
  },
);
export interface SecurityContext extends Infer<typeof SecurityContext> {}
