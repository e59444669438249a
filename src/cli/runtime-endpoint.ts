/** The flag of `up` and `join` that names a container runtime. */
import { usageError, type Arguments, type Flags } from './command.ts';

const name = 'container-runtime-endpoint';

export const runtimeFlag: Flags = {
  [name]: {
    type: 'string',
    value: 'SOCKET',
    doc: 'run containers with containerd or CRI-O, such as unix:///run/containerd/containerd.sock',
  },
};

/** As kubelets take it: with the scheme or without. */
export function runtimeEndpointOf(command: string, args: Arguments): string | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  if (/^(unix:\/\/)?\/./.test(text)) return text.replace(/^(unix:\/\/)?/, 'unix://');
  throw usageError(
    command,
    `--${name} takes a socket such as unix:///run/containerd/containerd.sock, not ${JSON.stringify(text)}`,
  );
}
