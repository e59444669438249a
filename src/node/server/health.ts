/** /healthz and its single checks, as upstream words them, and what they are as a metric. */
import type { NodeAgent } from '../agent.ts';
import { HttpError, type KubeletRequest, type KubeletResponse } from './http.ts';

/** Who answers at all does these: the loop that answers is the one that pods' workers run in. */
const checks: Readonly<Record<string, (agent: NodeAgent) => Promise<void>>> = {
  ping: () => Promise.resolve(),
  log: () => Promise.resolve(),
  syncloop: async ({ options }) => {
    const problems = await options.runtime.problems();
    if (problems.length > 0) throw new Error(`the container runtime is not ready: ${problems.join(', ')}`);
  },
};

export async function healthz({ agent, parts, url }: KubeletRequest, response: KubeletResponse): Promise<void> {
  const [, name] = parts;
  if (name !== undefined && (checks[name] === undefined || parts.length > 2)) {
    throw new HttpError(404, '404 page not found');
  }
  const lines: string[] = [];
  let failed = false;
  for (const each of name === undefined ? Object.keys(checks) : [name]) {
    const problem = await failureOf(agent, each);
    failed ||= problem !== undefined;
    lines.push(problem === undefined ? `[+]${each} ok` : `[-]${each} failed: ${problem}`);
  }
  const outcome = `healthz check ${failed ? 'failed' : 'passed'}`;
  if (failed) return response.text(500, `${lines.join('\n')}\n${outcome}\n`);
  return response.text(200, url.searchParams.has('verbose') ? `${lines.join('\n')}\n${outcome}\n` : 'ok');
}

/** /metrics/slis */
export async function healthMetrics({ agent }: KubeletRequest, response: KubeletResponse): Promise<void> {
  const name = 'kubernetes_healthcheck';
  const lines = await Promise.all(
    Object.keys(checks).map(async (check) => {
      const value = (await failureOf(agent, check)) === undefined ? 1 : 0;
      return `${name}{name="${check}",type="healthz"} ${value}\n`;
    }),
  );
  const help = 'Whether the check passes (1) or fails (0)';
  await response.text(200, `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`);
}

/** What is wrong; undefined when nothing is. */
async function failureOf(agent: NodeAgent, check: string): Promise<string | undefined> {
  try {
    await checks[check]?.(agent);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
