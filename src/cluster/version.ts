/** The Kubernetes API level that clients see, and our own version. */
export const kubernetesVersion = 'v1.35.0';
export const coracleVersion = '0.1.0';

/** What the bundle was made of, and when; unknown when run from the sources. */
const { CORACLE_COMMIT: gitCommit = '', CORACLE_BUILD_DATE: buildDate = '1970-01-01T00:00:00Z' } = process.env;
export const build = { gitVersion: kubernetesVersion, gitCommit, buildDate };
