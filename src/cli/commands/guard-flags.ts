/** Flags of `coracle up` about who is known, who may do what, what is let in and what is logged; named as kube-apiserver's. */
import type { Arguments, Flag, Flags } from '../command.ts';
import type { GuardFlags } from '../manager.ts';

/** Kept from start to start; given empty they go back to the default. */
export const guardFlags: Flags = {
  'enable-admission-plugins': kept('NAMES', 'admission plugins beside the default ones'),
  'disable-admission-plugins': kept('NAMES', 'admission plugins that are not to run'),
  'admission-control-config-file': kept(
    'FILE',
    'an AdmissionConfiguration: defaults and exemptions of PodSecurity, limits of EventRateLimit',
  ),
  'audit-policy': kept('FILE', 'log requests by this audit policy (default: none)'),
  'audit-log': kept('FILE', 'where to log them (default DATA-DIR/logs/audit.log)'),
  'anonymous-auth': kept(
    'true|false',
    'whether those who present nothing may ask for health and version (default true)',
  ),
  'token-auth-file': kept('FILE', 'lines of token,user,uid,"group1,group2"'),
  'oidc-issuer-url': kept('URL', 'https URL of an OpenID provider whose tokens name users'),
  'oidc-client-id': kept('ID', 'for whom its tokens must be meant'),
  'oidc-username-claim': kept('CLAIM', 'claim that is the name (default sub)'),
  'oidc-username-prefix': kept('PREFIX', 'before the name; - for none (default URL#, for the claim email none)'),
  'oidc-groups-claim': kept('CLAIM', 'claim that lists the groups (default none)'),
  'oidc-groups-prefix': kept('PREFIX', 'before each group'),
  'oidc-required-claim': kept('KEY=VALUE,...', 'claims that must be so'),
  'oidc-signing-algs': kept('NAMES', 'how tokens may be signed (default RS256)'),
  'oidc-ca-file': kept('FILE', 'authority of its certificate (default: those of this machine)'),
  'authentication-token-webhook-config-file': kept('FILE', 'kubeconfig of a webhook that says whose a bearer token is'),
  'authentication-token-webhook-cache-ttl': kept('TIME', 'for how long its answers count (default 2m)'),
  'authorization-mode': kept(
    'MODES',
    'who decides, in this order: Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny (default Node,RBAC)',
  ),
  'authorization-webhook-config-file': kept('FILE', 'kubeconfig of the webhook of the mode Webhook'),
  'authorization-webhook-cache-authorized-ttl': kept('TIME', 'for how long its yes counts (default 5m)'),
  'authorization-webhook-cache-unauthorized-ttl': kept('TIME', 'for how long its no counts (default 30s)'),
};

function kept(value: string, doc: string): Flag {
  return { type: 'string', value, clearable: true, doc };
}

/** Flags that are kept as they are, and those that are lists of names. */
const guardTexts: Readonly<Record<string, keyof GuardFlags>> = {
  'admission-control-config-file': 'admissionConfig',
  'audit-policy': 'auditPolicy',
  'audit-log': 'auditLog',
  'anonymous-auth': 'anonymous',
  'token-auth-file': 'tokenFile',
  'oidc-issuer-url': 'oidcIssuer',
  'oidc-client-id': 'oidcClientId',
  'oidc-username-claim': 'oidcUsernameClaim',
  'oidc-username-prefix': 'oidcUsernamePrefix',
  'oidc-groups-claim': 'oidcGroupsClaim',
  'oidc-groups-prefix': 'oidcGroupsPrefix',
  'oidc-ca-file': 'oidcAuthority',
  'authentication-token-webhook-config-file': 'tokenWebhook',
  'authentication-token-webhook-cache-ttl': 'tokenWebhookCacheTtl',
  'authorization-webhook-config-file': 'authorizationWebhook',
  'authorization-webhook-cache-authorized-ttl': 'authorizationWebhookAuthorizedTtl',
  'authorization-webhook-cache-unauthorized-ttl': 'authorizationWebhookUnauthorizedTtl',
};
const guardLists: Readonly<Record<string, keyof GuardFlags>> = {
  'enable-admission-plugins': 'enableAdmission',
  'disable-admission-plugins': 'disableAdmission',
  'authorization-mode': 'authorizationModes',
  'oidc-required-claim': 'oidcRequiredClaims',
  'oidc-signing-algs': 'oidcSigningAlgorithms',
};

export function guardsOf(args: Arguments): GuardFlags {
  const names = (text: string): readonly string[] =>
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  const of = <T>(
    flags: Readonly<Record<string, string>>,
    read: (text: string) => T,
  ): readonly (readonly [string, T])[] =>
    Object.entries(flags).flatMap(([flag, setting]) => {
      const text = args.text(flag);
      return text === undefined ? [] : [[setting, read(text)] as const];
    });
  return Object.fromEntries([...of<string | readonly string[]>(guardLists, names), ...of(guardTexts, (text) => text)]);
}
