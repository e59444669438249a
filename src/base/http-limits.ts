/**
 * Bytes of a request's line and headers that the API server and kubelets take, as upstream's do: a command of
 * `kubectl exec` is part of the path, however long.
 */
export const largestHeaders = 2 ** 20;
