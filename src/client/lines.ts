/** Lines of a stream of bytes. */

/** No event is longer: objects are limited to 3 MiB, and escapes at most multiply that. */
const longest = 32 * 2 ** 20;
const newline = 0x0a;

/** Text between newlines, without them; empty lines are left out. Throws when a line is longer than 32 MiB. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      size = 0;
      if (line !== '') yield line;
    }
    parts.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > longest) throw new RangeError(`a line of the stream is longer than ${longest} bytes`);
  }
  const rest = Buffer.concat(parts).toString('utf8');
  if (rest !== '') yield rest;
}
