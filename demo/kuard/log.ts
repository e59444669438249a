/** Lines as the notes show them: `2026/01/02 03:04:05 text`. */
export function log(text: string): void {
  const now = new Date().toISOString();
  process.stderr.write(`${now.slice(0, 10).replaceAll('-', '/')} ${now.slice(11, 19)} ${text}\n`);
}

/** `3 seconds ago`. */
export function relativeTime(when: number): string {
  const seconds = Math.round((Date.now() - when) / 1000);
  if (seconds < 1) return 'now';
  const [amount, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 3600
        ? [Math.floor(seconds / 60), 'minute']
        : [Math.floor(seconds / 3600), 'hour'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'} ago`;
}
