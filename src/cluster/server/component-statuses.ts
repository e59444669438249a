/** `kubectl get componentstatuses`: what is really there. The store is called what it is. */
import type { ComputedKind } from '../../apiserver/server-types.ts';
import type { StorageError } from '../../store/store.ts';

export interface Health {
  /** Why writes are refused, while they are. */
  readonly storeFailure: () => StorageError | undefined;
  readonly isSchedulerRunning: () => boolean;
  readonly isControllerManagerRunning: () => boolean;
}

export function componentStatuses(health: Health): ComputedKind {
  const running = (name: string, isRunning: boolean): Record<string, unknown> =>
    isRunning ? healthy(name, 'ok') : unhealthy(name, 'it is not running');
  return {
    list() {
      const failure = health.storeFailure();
      return [
        running('scheduler', health.isSchedulerRunning()),
        running('controller-manager', health.isControllerManagerRunning()),
        failure === undefined ? healthy('store-sqlite', 'ok') : unhealthy('store-sqlite', failure.message),
      ];
    },
  };
}

function healthy(name: string, message: string): Record<string, unknown> {
  return { metadata: { name }, conditions: [{ type: 'Healthy', status: 'True', message }] };
}

function unhealthy(name: string, error: string): Record<string, unknown> {
  return { metadata: { name }, conditions: [{ type: 'Healthy', status: 'False', error }] };
}
