import { int32, struct, type Infer } from '../../schema/field.ts';

export const ClientIPConfig = struct('io.k8s.api.core.v1.ClientIPConfig', '', {
  timeoutSeconds: int32(1).pointer(),
});
export interface ClientIPConfig extends Infer<typeof ClientIPConfig> {}
