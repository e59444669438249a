/** The Kubernetes API level that clients see, and our own version. */
export const kubernetesVersion = 'v1.35.0';
export const coracleVersion = '0.1.0';
