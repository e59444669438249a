/** Commands about keys: of Secrets on the disk, of tokens, and of the authority that signs certificates. */
import type {
  ClusterManager,
  Progress,
  RotatedSecrets,
  SigningKeyAction,
  SigningKeyList,
  UpOptions,
} from '../cli/manager.ts';
import { UserError } from '../cli/user-error.ts';
import { askCluster, type Askable } from './ask.ts';
import { adoptAuthority } from './credentials.ts';
import { isRunning } from './manager.ts';
import { rotated, rotatePath, signingKeyPath } from './rotation.ts';
import { readSettings, requireServer } from './settings.ts';

export function keyCommands(environment: Askable): Pick<ClusterManager, 'rotateSecrets' | 'signingKeys'> {
  return {
    rotateSecrets: () => rotateSecrets(environment),
    signingKeys: (action, force) => signingKeys(environment, action, force),
  };
}

async function rotateSecrets(environment: Askable): Promise<RotatedSecrets> {
  const settings = requireServer(environment.layout);
  if (!isRunning(environment.layout, settings)) {
    // The store is loaded by this one command only.
    const { rotateStopped } = await import('./secrets.ts');
    return rotateStopped(environment);
  }
  return rotated(await askCluster(environment, rotatePath, 'POST'));
}

async function signingKeys(environment: Askable, action: SigningKeyAction, force: boolean): Promise<SigningKeyList> {
  const { layout } = environment;
  if (!isRunning(layout, requireServer(layout))) {
    throw new UserError(`cluster ${layout.name} is not running`, `start it: coracle up --name ${layout.name}`);
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

/** A running cluster has it in use everywhere. */
export function bringAuthority(
  { layout, clock }: Askable,
  authority: NonNullable<UpOptions['authority']>,
  running: boolean,
  progress: Progress,
): void {
  if (running) {
    throw new UserError(
      `cluster ${layout.name} is running, with a certificate authority in use`,
      `stop it first to change that: coracle down --name ${layout.name}`,
    );
  }
  const isFirst = readSettings(layout) === undefined;
  if (adoptAuthority(layout.pki, authority, clock.now()) && !isFirst) {
    progress.note('The cluster has another certificate authority now: kubeconfigs of `coracle user add` are void.');
  }
}
