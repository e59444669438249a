/**
 * Names in a PEM certificate signing request, found without parsing it: the bytes of an attribute can stand
 * elsewhere in a request only to mean the same, and what can't be read is for validation to refuse.
 */

/** DER of object identifiers: tag, length, value. */
const identifiers = {
  commonName: Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]),
  organization: Buffer.from([0x06, 0x03, 0x55, 0x04, 0x0a]),
};
const bmpString = 0x1e;

/** All values of the attribute. `request` is base64 of the PEM text, as in the object. */
export function namesIn(request: string, attribute: keyof typeof identifiers): readonly string[] {
  const pem = Buffer.from(request, 'base64').toString('latin1');
  const body = /-----BEGIN[^-]*-----([^-]*)-----END/u.exec(pem)?.[1] ?? '';
  const der = Buffer.from(body, 'base64');
  const identifier = identifiers[attribute];
  const names: string[] = [];
  for (let at = der.indexOf(identifier); at >= 0; at = der.indexOf(identifier, at + 1)) {
    names.push(stringAt(der, at + identifier.length));
  }
  return names;
}

function stringAt(der: Buffer, at: number): string {
  const { start, length } = lengthAt(der, at + 1);
  const bytes = der.subarray(start, start + length);
  // BMPString has two bytes for a character; all others that are allowed here have one for ASCII.
  return der[at] === bmpString ? bytes.toString('latin1').replaceAll('\0', '') : bytes.toString('utf8');
}

/** Up to 127 the length stands for itself; beyond, its first byte says how many bytes it takes. */
function lengthAt(der: Buffer, at: number): { readonly start: number; readonly length: number } {
  const first = der[at] ?? 0;
  if (first < 0x80) return { start: at + 1, length: first };
  const bytes = der.subarray(at + 1, at + 1 + (first & 0x7f));
  return { start: at + 1 + bytes.length, length: bytes.reduce((sum, byte) => sum * 256 + byte, 0) };
}
