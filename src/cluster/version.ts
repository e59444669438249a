/** The Kubernetes API level that clients see, and our own version. */
export const kubernetesVersion = 'v1.35.0';
export const coracleVersion = '0.1.0';

/** What the bundle was made of, and when (tools/bundle.ts writes it in); unknown when run from the sources. */
export const build = {
  gitVersion: kubernetesVersion,
  gitCommit: process.env['CORACLE_COMMIT'] ?? '',
  buildDate: process.env['CORACLE_BUILD_DATE'] ?? '1970-01-01T00:00:00Z',
};
