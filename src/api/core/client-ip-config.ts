import { int32, struct, type Infer } from '../../schema/field.ts';

export const ClientIPConfig = struct('io.k8s.api.core.v1.ClientIPConfig', "Affinity by the client's address.", {
  timeoutSeconds: int32(1).pointer().doc('How many seconds without traffic end the affinity.'),
});
export interface ClientIPConfig extends Infer<typeof ClientIPConfig> {}
