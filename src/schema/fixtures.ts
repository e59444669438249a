/** A small kind for tests of the engines: every sort of field, as the catalogue writes them. */
import {
  boolean,
  bytes,
  fieldsV1,
  inline,
  int32,
  int64,
  intOrString,
  list,
  map,
  of,
  quantity,
  string,
  struct,
  time,
} from './field.ts';

const Port = struct('io.example.v1.Port', 'A port.', {
  name: string(1),
  number: int32(2).required(),
  protocol: string(3).default('TCP'),
  target: intOrString(4),
});

const Handler = struct('io.example.v1.Handler', 'What a probe does.', {
  path: string(1),
  port: intOrString(2),
});

const Probe = struct('io.example.v1.Probe', 'A check.', {
  ...inline(1, Handler),
  period: int32(2).default(10),
});

export const Item = struct('io.example.v1.Item', 'An item with a name.', {
  name: string(1).required(),
  image: string(2),
  ports: list(3, Port).listMap('number', 'protocol').merge('number'),
  limits: map(4, quantity()),
  resources: of(5, struct('io.example.v1.Resources', 'How much.', { cpu: quantity(1) })).always(),
  probe: of(6, Probe),
  flag: boolean(7).pointer(),
  args: list(8, string()),
});

const Spec = struct('io.example.v1.Spec', 'What is wanted.', {
  replicas: int32(1).pointer().default(1).min(0),
  selector: map(2, string()),
  items: list(3, Item).listMap('name').merge('name').required(),
  finalizers: list(4, string()).listSet().merge(),
  strategy: of(
    5,
    struct('io.example.v1.Strategy', 'How.', {
      type: string(1).enum('Fast', 'Slow'),
      rolling: of(2, struct('io.example.v1.Rolling', 'r', { surge: intOrString(1) })),
    }),
  )
    .retainKeys()
    .present(),
  since: time(6),
  total: int64(7),
  secret: map(8, bytes()),
  fixed: string(9).immutable(),
});

const Meta = struct('io.example.v1.Meta', 'Metadata.', {
  name: string(1),
  labels: map(2, string()),
  fields: fieldsV1(3),
  resourceVersion: string(4),
});

export const Thing = struct('io.example.v1.Thing', 'A thing.', {
  apiVersion: string(),
  kind: string(),
  metadata: of(1, Meta).present(),
  spec: of(2, Spec).present(),
  status: of(3, struct('io.example.v1.Status', 'What is.', { ready: int32(1).always(), phase: string(2) })).present(),
});
