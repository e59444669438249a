/** Labels as tables print them: `app=web,tier=front`; `<none>` when there are none. */
export function formatLabels(labels: Readonly<Record<string, string | undefined>> | undefined): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value ?? ''}`);
  return texts.length === 0 ? '<none>' : texts.toSorted().join(',');
}
