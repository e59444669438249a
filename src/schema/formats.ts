/** The string formats that custom resources may ask for. Unknown formats are no rule. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { durationNanoseconds } from './duration.ts';
import { checkDns1123Label, checkDns1123Subdomain } from './names.ts';
import { canonicalTime } from './time.ts';

type Format = (text: string) => boolean;

const matches =
  (expression: RegExp): Format =>
  (text) =>
    expression.test(text);

const withoutError =
  (read: (text: string) => unknown): Format =>
  (text) => {
    try {
      read(text);
      return true;
    } catch {
      return false;
    }
  };

const uuid = (third: string, fourth: string): Format =>
  matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}[0-9a-f]{3}-?${fourth}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'));

/** By their names without dashes, as upstream compares them. */
const formats: Readonly<Record<string, Format>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: isRequestUri,
  email: matches(/^[^\s@<>]+@[^\s@<>]+$/),
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: matches(
    /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}\1[0-9a-f]{2}\1)?[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4}$/i,
  ),
  uuid: uuid('[0-9a-f]', '[0-9a-f]'),
  uuid3: uuid('3', '[0-9a-f]'),
  uuid4: uuid('4', '[89ab]'),
  uuid5: uuid('5', '[89ab]'),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(
    /^rgb\(\s*(?:(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*){2}(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/,
  ),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  password: () => true,
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && withoutError(canonicalTime)(`${text}T00:00:00Z`),
  duration: withoutError((text) => durationNanoseconds(text.replace(/\s+/g, ''))),
  datetime: (text) => withoutError(canonicalTime)(text.toUpperCase()),
  k8sshortname: (text) => checkDns1123Label(text).length === 0,
  k8slongname: (text) => checkDns1123Subdomain(text).length === 0,
};

export const isKnownFormat = (format: string): boolean => formatOf(format) !== undefined;

/** True for formats that nobody knows. */
export function fitsFormat(format: string, text: string): boolean {
  return formatOf(format)?.(text) ?? true;
}

function formatOf(format: string): Format | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
}

function isRequestUri(text: string): boolean {
  return text.startsWith('/') ? !/[\s#]/.test(text) : /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && URL.canParse(text);
}

function isHostname(text: string): boolean {
  if (text.length > 255) return false;
  return text
    .split('.')
    .every((part) => /^[\p{L}\p{S}a-zA-Z0-9](?:[\p{L}\p{S}a-zA-Z0-9-]{0,61}[\p{L}\p{S}a-zA-Z0-9])?$/u.test(part));
}

function isCidr(text: string): boolean {
  const [address = '', length = '', ...rest] = text.split('/');
  const version = isIP(address);
  return rest.length === 0 && version !== 0 && /^\d+$/.test(length) && Number(length) <= (version === 4 ? 32 : 128);
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits.matchAll(/./g)].reduce(
    (total, [digit], at) => total + (digit === 'X' ? 10 : Number(digit)) * (at + 1),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  const sum = [...digits.matchAll(/./g)].reduce(
    (total, [digit], at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3),
    0,
  );
  return sum % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!/^\d{13,19}$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]) * (at % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
