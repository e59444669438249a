/** In the bundle the journal's thread is a file beside the program's. */
export function journalProgram(): { readonly program?: URL } {
  return import.meta.url.endsWith('.ts') ? {} : { program: new URL('journal-worker.js', import.meta.url) };
}
