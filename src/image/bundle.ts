/** A TypeScript program as one script. The bundler is loaded only when it is needed. */
export async function bundleProgram(entry: string): Promise<string> {
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    minifySyntax: true,
    legalComments: 'none',
  });
  return result.outputFiles[0]?.text ?? '';
}
