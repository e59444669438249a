/** Makes queries of our own: to upstreams, for names that the client did not ask for. */

/** A query for `name` with everything else as in `like`, EDNS included. */
export function encodeQuery(
  name: string,
  type: number,
  like: { readonly dnssec: boolean; readonly recursion: boolean },
): Uint8Array {
  const labels = name === '' ? [] : name.split('.');
  const size = labels.reduce((sum, label) => sum + label.length + 1, 1);
  const message = Buffer.alloc(12 + size + 4 + 11);
  message.writeUInt16BE(like.recursion ? 0x0100 : 0, 2);
  message.writeUInt16BE(1, 4);
  message.writeUInt16BE(1, 10);
  let at = 12;
  for (const label of labels) {
    message[at] = label.length;
    message.write(label, at + 1, 'latin1');
    at += label.length + 1;
  }
  message.writeUInt16BE(type, at + 1);
  message.writeUInt16BE(1, at + 3);
  at += 5;
  // OPT: room for answers of 1232 bytes, which fit into one packet everywhere.
  message.set([0, 0, 41, 0x04, 0xd0, 0, 0, like.dnssec ? 0x80 : 0, 0, 0, 0], at);
  return message;
}
