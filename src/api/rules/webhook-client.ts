/** How a webhook is reached: checks that conversion and admission webhooks share. */
import { invalid, required, type Fault } from '../../schema/fault.ts';
import { checkDns1123Subdomain, checkPortNumber } from '../../schema/names.ts';

export interface LooseWebhookClient {
  readonly url?: string | undefined;
  readonly service?: LooseService | undefined;
}

interface LooseService {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly path?: string | undefined;
  readonly port?: number | undefined;
}

export function webhookClientFaults({ url, service }: LooseWebhookClient, path: string): Fault[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return urlFaults(url, `${path}.url`);
  return service === undefined ? [] : serviceFaults(service, `${path}.service`);
}

const form = '; desired format: https://host[/path]';

function urlFaults(text: string, path: string): Fault[] {
  if (!URL.canParse(text))
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI for request${form}`)];
  const url = new URL(text);
  return [
    ...(url.protocol === 'https:'
      ? []
      : [invalid(path, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`)]),
    ...(url.host === '' ? [invalid(path, url.host, `host must be specified${form}`)] : []),
    ...(url.username !== '' || url.password !== ''
      ? [invalid(path, `${url.username}:${url.password}`, 'user information is not permitted in the URL')]
      : []),
    ...(url.hash === '' ? [] : [invalid(path, url.hash.slice(1), 'fragments are not permitted in the URL')]),
    ...(url.search === '' ? [] : [invalid(path, url.search.slice(1), 'query parameters are not permitted in the URL')]),
  ];
}

function serviceFaults({ namespace = '', name = '', path: where, port }: LooseService, path: string): Fault[] {
  const complaints = port === undefined ? [] : checkPortNumber(port);
  return [
    ...(name === '' ? [required(`${path}.name`, 'service name is required')] : []),
    ...(namespace === '' ? [required(`${path}.namespace`, 'service namespace is required')] : []),
    ...(complaints.length > 0 ? [invalid(`${path}.port`, port, `port is not valid: ${complaints.join(', ')}`)] : []),
    ...(where === undefined ? [] : pathFaults(where, `${path}.path`)),
  ];
}

function pathFaults(value: string, path: string): Fault[] {
  if (!value.startsWith('/')) return [invalid(path, value, "must start with a '/'")];
  const steps = value.replace(/\/$/, '').slice(1).split('/');
  return value === '/'
    ? []
    : steps.flatMap((step, index) => {
        if (step === '') return [invalid(path, value, `segment[${index}] may not be empty`)];
        return checkDns1123Subdomain(step).map((text) => invalid(path, value, `segment[${index}]: ${text}`));
      });
}
