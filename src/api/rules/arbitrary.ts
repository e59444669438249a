/** For tests: values of any schema, for properties that hold whatever an object says. */
import fc from 'fast-check';
import { resolve, type FieldSpec, type Schema, type StructSchema } from '../../schema/schema.ts';

type Arbitrary = fc.Arbitrary<unknown>;

const word = fc.constantFrom('a', 'b', 'c');
const scalars: Readonly<Partial<Record<Schema['type'], Arbitrary>>> = {
  string: word,
  bytes: fc.constantFrom('YQ==', 'Yg=='),
  integer: fc.integer({ min: 1, max: 9 }),
  number: fc.integer({ min: 1, max: 9 }),
  boolean: fc.constant(true),
  time: fc.constant('2026-01-01T00:00:00Z'),
  microTime: fc.constant('2026-01-01T00:00:00.000001Z'),
  duration: fc.constant('1m0s'),
  quantity: fc.constantFrom('1', '2Gi'),
  intOrString: fc.oneof(fc.integer({ min: 1, max: 9 }), word),
  any: fc.constantFrom({ x: 1 }, { y: ['z'] }),
};

/** Values that the old shape cannot tell from others, and that no valid object has. */
const special: Readonly<Record<string, Arbitrary>> = {
  'io.k8s.api.networking.v1.ServiceBackendPort': fc.oneof(
    fc.record({ name: word }),
    fc.record({ number: fc.constant(80) }),
  ),
  'io.k8s.api.networking.v1.IngressServiceBackend': fc.record({
    name: word,
    port: fc.record({ number: fc.constant(80) }),
  }),
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion': fc.constant({
    conversionReviewVersions: ['v1'],
  }),
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': fc.record({
    name: word,
    annotations: fc.constantFrom({ k: 'v' }, {}),
  }),
  'io.k8s.api.core.v1.PodTemplateSpec': fc.constant({ metadata: { labels: { app: 'x' } }, spec: { containers: [] } }),
};

/** Some value of the schema: few items, every field now and then, pods and schemas not too deep. */
function valueOf(target: Schema, depth: number): Arbitrary {
  const schema = resolve(target);
  const { rules } = schema;
  if (rules?.enum !== undefined) return fc.constantFrom(...rules.enum);
  switch (schema.type) {
    case 'list':
      return depth <= 0
        ? fc.constant([])
        : fc.uniqueArray(valueOf(schema.items, depth - 1), { maxLength: 2, selector: JSON.stringify });
    case 'map':
      return depth <= 0 ? fc.constant({}) : fc.dictionary(word, valueOf(schema.values, depth - 1), { maxKeys: 2 });
    case 'struct':
      return special[schema.name] ?? structOf(schema, depth);
    default:
      return scalars[schema.type] ?? fc.constant(null);
  }
}

/** Some object of a struct. */
export function structOf(schema: StructSchema, depth: number): Arbitrary {
  if (depth <= 0) return fc.constant({});
  const fields = Object.entries(schema.fields).filter(([name]) => name !== 'apiVersion' && name !== 'kind');
  const isScalar = ({ schema: inner }: FieldSpec): boolean => resolve(inner).type !== 'struct';
  const model = Object.fromEntries(fields.map(([name, spec]) => [name, valueOf(spec.schema, depth - 1)]));
  const requiredKeys = fields.filter(([, spec]) => spec.always && isScalar(spec)).map(([name]) => name);
  return fc.record(model, { requiredKeys });
}
