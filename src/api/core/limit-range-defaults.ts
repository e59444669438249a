/** What a limit for containers leaves out follows from what it says: limit from maximum, request from limit or minimum. */
export function containerLimitDefaults(draft: Record<string, unknown>): void {
  if (draft['type'] !== 'Container') return;
  const limits = { ...(draft['max'] as object | undefined), ...(draft['default'] as object | undefined) };
  const requests = {
    ...(draft['min'] as object | undefined),
    ...limits,
    ...(draft['defaultRequest'] as object | undefined),
  };
  if (Object.keys(limits).length > 0) draft['default'] = limits;
  if (Object.keys(requests).length > 0) draft['defaultRequest'] = requests;
}
