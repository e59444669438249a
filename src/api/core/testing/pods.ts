/** Pods as clients send them. */

export type Json = Readonly<Record<string, unknown>>;

export const container = (more: Json = {}): Json => ({ name: 'web', image: 'nginx:1.27', ...more });
export const pod = (spec: Json = {}): Json => ({ spec: { containers: [container()], ...spec } });
export const withContainer = (more: Json): Json => pod({ containers: [container(more)] });
