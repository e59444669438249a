/** Which capabilities a container's process gets. Pure. */

/** By number. */
export const capabilityNames: readonly string[] = named(`
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
  SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
  AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
  PERFMON BPF CHECKPOINT_RESTORE
`);

/** The set that other runtimes give by default, too. */
const usual = named(`
  CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE
  SYS_CHROOT KILL AUDIT_WRITE
`);

export interface CapabilityWishes {
  readonly privileged: boolean;
  /** With or without `CAP_`; `ALL` is understood. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/** `available` are those that this process may hand on; what it hasn't got is left out. */
export function capabilitiesFor(wishes: CapabilityWishes, available: ReadonlySet<string>): readonly string[] {
  const add = wishes.add.map(fullName);
  const drop = wishes.drop.map(fullName);
  const unknown = [...add, ...drop].find((name) => name !== 'CAP_ALL' && !capabilityNames.includes(name));
  if (unknown !== undefined) throw new RangeError(`unknown capability "${unknown}"`);
  if (wishes.privileged) return capabilityNames.filter((name) => available.has(name));
  const base = drop.includes('CAP_ALL') ? [] : usual;
  const dropped = base.filter((name) => !drop.includes(name));
  const chosen = new Set(
    add.includes('CAP_ALL') ? capabilityNames.filter((name) => !drop.includes(name)) : [...dropped, ...add],
  );
  return capabilityNames.filter((name) => chosen.has(name) && available.has(name));
}

/** From the hexadecimal mask that /proc/self/status shows as CapBnd. */
export function capabilitiesOfMask(mask: string): ReadonlySet<string> {
  const bits = BigInt(`0x${mask}`);
  return new Set(capabilityNames.filter((_, index) => (bits >> BigInt(index)) & 1n));
}

function fullName(name: string): string {
  const upper = name.toUpperCase();
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function named(words: string): readonly string[] {
  return words
    .trim()
    .split(/\s+/)
    .map((name) => `CAP_${name}`);
}
