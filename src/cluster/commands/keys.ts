/** Commands about keys: of Secrets on the disk, of tokens, and of the authority that signs certificates. */
import type { ClusterManager, RotatedSecrets, SigningKeyAction, SigningKeyList, UpOptions } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { adoptAuthority } from '../credentials/credentials.ts';
import type { EnvironmentWithProgress } from '../environment.ts';
import { isRunning } from '../processes/processes.ts';
import { rotated, rotatePath, signingKeyPath } from '../server/rotation.ts';
import { readSettings, requireServer } from '../settings/settings.ts';
import { askCluster, notRunning, type Asking } from './administrator.ts';

export function keyCommands(environment: Asking): Pick<ClusterManager, 'rotateSecrets' | 'signingKeys'> {
  return {
    rotateSecrets: () => rotateSecrets(environment),
    signingKeys: (action, force) => signingKeys(environment, action, force),
  };
}

async function rotateSecrets(environment: Asking): Promise<RotatedSecrets> {
  const settings = requireServer(environment.layout);
  if (!isRunning(environment.layout, settings)) {
    // The store is loaded by this one command only.
    const { rotateStopped } = await import('../server/secrets.ts');
    return rotateStopped(environment);
  }
  return rotated(await askCluster(environment, rotatePath, 'POST'));
}

async function signingKeys(environment: Asking, action: SigningKeyAction, force: boolean): Promise<SigningKeyList> {
  const { layout } = environment;
  if (!isRunning(layout, requireServer(layout))) {
    throw notRunning(layout);
  }
  const [path, method] =
    action === 'ls' ? ([signingKeyPath(), 'GET'] as const) : ([signingKeyPath(action), 'POST'] as const);
  const answer = (await askCluster(environment, `${path}${force ? '?force=true' : ''}`, method)) as SigningKeyList & {
    readonly refused?: boolean;
  };
  if (answer.refused !== true) return answer;
  throw new UserError(
    `pods may use tokens of older keys until ${answer.settledAt}; nothing was retired`,
    'wait until then, or break them with: coracle signing-key retire --force',
  );
}

/** Takes an authority that the user has. A running cluster has the one it was started with in use everywhere. */
export function bringAuthority(
  { layout, clock, progress }: EnvironmentWithProgress,
  authority: NonNullable<UpOptions['authority']>,
  running: boolean,
): void {
  if (running) {
    throw new UserError(
      `cluster ${layout.name} is running, with a certificate authority in use`,
      `stop it first to change that: ${layout.command('down')}`,
    );
  }
  const isFirst = readSettings(layout) === undefined;
  if (adoptAuthority(layout.pki, authority, clock.now()) && !isFirst) {
    progress.note('The cluster has another certificate authority now: kubeconfigs of `coracle user add` are void.');
  }
}
