/** The tag of an image reference; `latest` when it names neither tag nor digest, '' when only a digest. */
function imageTag(reference: string): string {
  const at = reference.indexOf('@');
  const name = at < 0 ? reference : reference.slice(0, at);
  const colon = name.lastIndexOf(':');
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1);
  return at < 0 ? 'latest' : '';
}

/** An image that is named by a moving tag is asked for at every start, any other only when it is missing. */
export function defaultPullPolicy(reference: unknown): 'Always' | 'IfNotPresent' {
  return typeof reference === 'string' && imageTag(reference) === 'latest' && reference !== ''
    ? 'Always'
    : 'IfNotPresent';
}
