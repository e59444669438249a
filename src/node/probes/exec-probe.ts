/** exec probes: exit code 0 is success. */
import { messageOf } from '../../base/errors.ts';
import { ExecTimeoutError, type RuntimeService } from '../../runtime/runtime.ts';
import { failed, shortened, succeeded, type Outcome } from './outcome.ts';

export async function execProbe(
  runtime: RuntimeService,
  id: string,
  command: readonly string[],
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const late = new Promise<Outcome>((resolve) => {
    const tell = (): void =>
      resolve(failed(`command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s`));
    signal.addEventListener('abort', tell, { once: true });
  });
  return Promise.race([run(runtime, id, command, timeoutSeconds), late]);
}

async function run(
  runtime: RuntimeService,
  id: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<Outcome> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(id, command, timeoutSeconds);
    if (exitCode === 0) return succeeded;
    return failed(shortened(`${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`));
  } catch (error) {
    if (error instanceof ExecTimeoutError) {
      return failed(`command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s`);
    }
    return { result: 'unknown', output: messageOf(error) };
  }
}
