/** Who we are to an API server, and how we know it. Read again for each connection, so that files can rotate. */

export interface TlsMaterial {
  /** PEM. */
  readonly certificate?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
}

export interface Credentials {
  /** For a new connection. */
  tls(): Promise<TlsMaterial>;
  /** The bearer token for a request, if there is one. Cheap when nothing has changed. */
  token(): Promise<string | undefined>;
  /** The server did not accept them (401): forget what is remembered. True when trying again may help. */
  refused(): boolean;
}

/** How to reach an API server and who we are to it. */
export interface ClusterAccess {
  /** Such as `https://10.0.0.1:6443`; a path is a prefix of every request's. */
  readonly server: string;
  /** PEM. The system's authorities when absent. */
  readonly certificateAuthority?: string | Uint8Array | undefined;
  /** The name in the server's certificate, when it is not the host's. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
  readonly credentials: Credentials;
  /** The namespace for requests that name none. */
  readonly namespace?: string | undefined;
  /** Headers of `--as` and the like. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

export const anonymous: Credentials = Object.freeze({
  tls: () => Promise.resolve({}),
  token: () => Promise.resolve(undefined),
  refused: () => false,
});

export function certificateCredentials(material: TlsMaterial): Credentials {
  return { ...anonymous, tls: () => Promise.resolve(material) };
}

export function tokenCredentials(token: string): Credentials {
  return { ...anonymous, token: () => Promise.resolve(token) };
}
