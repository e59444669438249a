/** YAML answers: made from the JSON form, since nobody reads them in bulk. */
import { joined, text, type Encoder } from './encoder.ts';

const decoder = new TextDecoder();

export function yamlEncoder(json: Encoder, format: (value: unknown) => string): Encoder {
  const convert = (bytes: Uint8Array): Uint8Array => text(format(JSON.parse(decoder.decode(bytes))));
  return {
    ...json,
    id: `yaml ${json.id}`,
    contentType: 'application/yaml',
    one: (snapshot) => convert(json.one(snapshot)),
    *list(snapshots, meta) {
      yield convert(joined(json.list(snapshots, meta)));
    },
  };
}

/** Loads the library when the first answer in YAML is asked for. */
export async function yamlFormatter(): Promise<(value: unknown) => string> {
  const { stringify } = await import('yaml');
  return (value) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
