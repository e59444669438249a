/**
 * What names, labels, ports and the like must look like. Each rule answers with the complaints that
 * Kubernetes' clients print, none when the value is good; callers wrap them as `invalid(path, value, text)`.
 */
export type Complaints = readonly string[];

const none: Complaints = Object.freeze([]);

const maxLabelLength = 63;
const maxSubdomainLength = 253;

const label1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const underscoreLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** A rule that one regular expression decides, with the sentence and examples that explain it. */
interface Pattern {
  readonly source: string;
  readonly expression: RegExp;
  readonly complaint: string;
}

function pattern(source: string, sentence: string, ...examples: readonly string[]): Pattern {
  return { source, expression: new RegExp(`^${source}$`), complaint: regexComplaint(sentence, source, ...examples) };
}

/** `must be ... (e.g. 'a',  or 'b', regex used for validation is '...')`, spelled as upstream does. */
export function regexComplaint(sentence: string, source: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${sentence} (${shown === '' ? '' : `e.g. ${shown}`}regex used for validation is '${source}')`;
}

const lowercase = "consist of lower case alphanumeric characters or '-'";
const ends = 'and must start and end with an alphanumeric character';

const labelPattern = pattern(label1123, `a lowercase RFC 1123 label must ${lowercase}, ${ends}`, 'my-name', '123-abc');
const subdomainPattern = pattern(
  subdomain1123,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ends}`,
  'example.com',
);
const underscorePattern = pattern(
  `${underscoreLabel}(\\.${underscoreLabel})*`,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', ${ends}`,
  'example.com',
);
const label1035Pattern = pattern(
  label1035,
  `a DNS-1035 label must ${lowercase}, start with an alphabetic character, and end with an alphanumeric character`,
  'my-name',
  'abc-123',
);
const wildcardPattern = pattern(
  `\\*\\.${subdomain1123}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of " +
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '*.example.com',
);
const qualifiedPattern = pattern(
  qualified,
  `must consist of alphanumeric characters, '-', '_' or '.', ${ends}`,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValuePattern = pattern(
  `(${qualified})?`,
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ends}`,
  'MyValue',
  'my_value',
  '12345',
);
const identifierPattern = pattern(
  '[A-Za-z_][A-Za-z0-9_]*',
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);
const configKeyPattern = pattern(
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);
const percentPattern = pattern(
  '[0-9]+%',
  "a valid percent string must be a numeric string followed by an ending '%'",
  '1%',
  '93%',
);
const headerPattern = pattern(
  '[-A-Za-z0-9]+',
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  'X-Header-Name',
);
const httpPath = pattern("[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", 'Invalid path');

function check(value: string, rule: Pattern, maxBytes = Infinity): Complaints {
  const long = longerThan(value, maxBytes);
  const fits = rule.expression.test(value);
  if (!long && fits) return none;
  return [...(long ? [maxLengthComplaint(maxBytes)] : []), ...(fits ? [] : [rule.complaint])];
}

function longerThan(value: string, maxBytes: number): boolean {
  if (value.length > maxBytes) return true;
  return value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes;
}

function maxLengthComplaint(length: number): string {
  return `must be no more than ${length} characters`;
}

export function rangeComplaint(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** A DNS label of RFC 1123: `web-1`. */
export function checkDns1123Label(value: string): Complaints {
  const complaints = check(value, labelPattern, maxLabelLength);
  if (complaints.length === 0 || !subdomainPattern.expression.test(value)) return complaints;
  return complaints.map((text) => (text === labelPattern.complaint ? 'must not contain dots' : text));
}

/** A DNS name of RFC 1123: `web.example.com`. */
export function checkDns1123Subdomain(value: string): Complaints {
  return check(value, subdomainPattern, maxSubdomainLength);
}

/** The same, where labels may hold underscores. */
export function checkDns1123SubdomainWithUnderscore(value: string): Complaints {
  return check(value, underscorePattern, maxSubdomainLength);
}

/** A DNS label of RFC 1035, which starts with a letter (Services). */
export function checkDns1035Label(value: string): Complaints {
  return check(value, label1035Pattern, maxLabelLength);
}

/** `*.example.com`. */
export function checkWildcardSubdomain(value: string): Complaints {
  return check(value, wildcardPattern, maxSubdomainLength);
}

/** A name with an optional DNS prefix, as label and annotation keys are: `example.com/tier`. */
export function checkQualifiedName(value: string): Complaints {
  const slash = value.indexOf('/');
  if (slash < 0) return checkQualifiedPart(value);
  if (value.includes('/', slash + 1)) {
    return [
      `a valid label key ${qualifiedPattern.complaint} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const prefix = value.slice(0, slash);
  const first = prefix === '' ? ['must be non-empty'] : checkDns1123Subdomain(prefix);
  const second = checkQualifiedPart(value.slice(slash + 1));
  if (first.length + second.length === 0) return none;
  return [...first.map((text) => `prefix part ${text}`), ...second];
}

function checkQualifiedPart(name: string): Complaints {
  const fits = qualifiedPattern.expression.test(name);
  if (fits && name.length <= maxLabelLength) return none;
  const complaints: string[] = [];
  if (name === '') complaints.push('name part must be non-empty');
  else if (longerThan(name, maxLabelLength)) complaints.push(`name part ${maxLengthComplaint(maxLabelLength)}`);
  if (!fits) complaints.push(`name part ${qualifiedPattern.complaint}`);
  return complaints;
}

export function checkLabelValue(value: string): Complaints {
  return check(value, labelValuePattern, maxLabelLength);
}

/** A key of a ConfigMap or Secret. */
export function checkConfigMapKey(value: string): Complaints {
  return withDotRules(value, check(value, configKeyPattern, maxSubdomainLength));
}

/** The rule that containers' variables follow today: printable ASCII without `=`. */
export function checkRelaxedEnvVarName(value: string): Complaints {
  if (value === '') return ['environment variable name must be non-empty'];
  if (/^[ -<>-~]+$/.test(value)) return none;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

function withDotRules(value: string, complaints: Complaints): Complaints {
  if (value === '.') return [...complaints, "must not be '.'"];
  if (value === '..') return [...complaints, "must not be '..'"];
  return value.startsWith('..') ? [...complaints, "must not start with '..'"] : complaints;
}

export function checkCIdentifier(value: string): Complaints {
  return check(value, identifierPattern);
}

export function checkPercent(value: string): Complaints {
  return check(value, percentPattern);
}

export function checkHttpHeaderName(value: string): Complaints {
  return check(value, headerPattern);
}

/** A named port: `http-metrics`. */
export function checkPortName(value: string): Complaints {
  const rules: readonly (readonly [boolean, string])[] = [
    [longerThan(value, 15), maxLengthComplaint(15)],
    [!/^[-a-z0-9]+$/.test(value), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
    [!/[a-z]/.test(value), 'must contain at least one letter (a-z)'],
    [value.includes('--'), 'must not contain consecutive hyphens'],
    [value.startsWith('-') || value.endsWith('-'), 'must not begin or end with a hyphen'],
  ];
  return rules.filter(([broken]) => broken).map(([, text]) => text);
}

export function checkPortNumber(port: number): Complaints {
  return checkRange(port, 1, 65_535);
}

export function checkRange(value: number, low: number, high: number): Complaints {
  return value >= low && value <= high ? none : [rangeComplaint(low, high)];
}

/** User and group ids of security contexts. */
export function checkUserId(id: number): Complaints {
  return checkRange(id, 0, 2 ** 31 - 1);
}

/** `acme.io/some/path`: the complaints, each with the part of the value that it is about. */
export function checkDomainPrefixedPath(value: string): readonly { readonly part: string; readonly text: string }[] {
  const slash = value.indexOf('/');
  const [host, path] = slash < 0 ? ['', ''] : [value.slice(0, slash), value.slice(slash + 1)];
  if (host === '' || path === '') {
    return [{ part: value, text: 'must be a domain-prefixed path (such as "acme.io/foo")' }];
  }
  return [
    ...checkDns1123Subdomain(host).map((text) => ({ part: host, text })),
    ...check(path, httpPath).map((text) => ({ part: path, text })),
  ];
}

/** A name that can stand in a URL's path; the widest rule for metadata.name (RBAC). */
export function checkPathSegment(name: string): Complaints {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return checkPathSegmentPrefix(name);
}

/** The same for metadata.generateName, which may be `.` as something follows. */
function checkPathSegmentPrefix(name: string): Complaints {
  return ['/', '%'].filter((banned) => name.includes(banned)).map((banned) => `may not contain '${banned}'`);
}

export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path';

const nameRules: Readonly<Record<NameRule, (name: string) => Complaints>> = {
  subdomain: checkDns1123Subdomain,
  label: checkDns1123Label,
  label1035: checkDns1035Label,
  path: checkPathSegment,
};

/** metadata.name under a kind's rule. */
export function checkName(name: string, rule: NameRule = 'subdomain'): Complaints {
  return nameRules[rule](name);
}

/** metadata.generateName under a kind's rule: a trailing dash is fine, as a suffix follows. */
export function checkNamePrefix(prefix: string, rule: NameRule = 'subdomain'): Complaints {
  if (rule === 'path') return checkPathSegmentPrefix(prefix);
  // Upstream masks the dash together with the character before it.
  return nameRules[rule](prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix);
}
