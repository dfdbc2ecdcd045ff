import { resolve } from 'node:path';
import type { Parsed } from './fields.ts';

const databaseUrlForm = 'postgres://…, postgresql://… or pglite:DIR';

/** Which of several hosts will do, as libpq names it. */
const sessionAttributes = ['any', 'read-write', 'primary'] as const;
export type SessionAttributes = (typeof sessionAttributes)[number];

/**
 * A database URL. The directory of `pglite:DIR` and the certificate files of a server's URL become absolute, beginning
 * at `directory`, the configuration file's: a job started from another directory must not use an empty database.
 */
export function parseDatabaseUrl(text: string, directory: string): Parsed<string> {
  if (text.startsWith('pglite:')) {
    const place = text.slice('pglite:'.length);
    return place === '' || place.includes('//')
      ? { ok: false, problems: ['expected pglite:DIR, a directory such as pglite:./obs-data'] }
      : { ok: true, value: `pglite:${resolve(directory, place)}` };
  }
  if (!/^postgres(ql)?:\/\//.test(text)) return { ok: false, problems: [`expected ${databaseUrlForm}`] };
  if (!hostUrls(text).every(isPostgresUrl)) {
    const advice = 'percent-encode characters such as # / ? @ in the user name and the password (# is %23)';
    return { ok: false, problems: [`cannot be read as a URL; ${advice}`] };
  }
  if (sessionAttributesOf(text) === undefined) {
    return { ok: false, problems: [`target_session_attrs: expected ${sessionAttributes.join(', ')}`] };
  }
  return { ok: true, value: withAbsoluteFiles(text, directory) };
}

/** An empty host (`postgres://user@/name?host=/run/postgresql`) is what `pg` takes for a socket; `URL` refuses it. */
function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text) ?? URL.parse(text.replace('@/', '@socket/'));
  return url !== null && url.hash === '' && !url.pathname.includes('@');
}

/**
 * One URL for each host that a server's URL names, in order. libpq takes several, separated by commas, in the place of
 * the host or in the parameters `host` and `port`; `pg` takes one.
 */
export function hostUrls(text: string): string[] {
  const [, before = '', hosts = '', after = ''] =
    /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s.exec(text) ?? [];
  if (hosts.includes(',')) return hosts.split(',').map((host) => before + host + after);
  const names = parameter(after, 'host')?.split(',') ?? [];
  const ports = parameter(after, 'port')?.split(',') ?? [];
  if (names.length < 2) return [text];
  return names.map((name, index) => {
    const port = ports[index] ?? ports[0];
    const named = withParameter(after, 'host', name);
    return before + hosts + (port === undefined ? named : withParameter(named, 'port', port));
  });
}

/** Undefined where it is none of those that are understood. */
export function sessionAttributesOf(text: string): SessionAttributes | undefined {
  const written = parameter(text, 'target_session_attrs') ?? 'any';
  return sessionAttributes.find((known) => known === written);
}

function withAbsoluteFiles(text: string, directory: string): string {
  return ['sslrootcert', 'sslcert', 'sslkey'].reduce((url, name) => {
    const file = parameter(url, name);
    const isFile = file !== undefined && file !== '' && !(name === 'sslrootcert' && file === 'system');
    return isFile ? withParameter(url, name, resolve(directory, file)) : url;
  }, text);
}

/** A parameter of a URL's query, decoded. */
export function parameter(text: string, name: string): string | undefined {
  return new URLSearchParams(/\?(.*)$/s.exec(text)?.[1]).get(name) ?? undefined;
}

function withParameter(text: string, name: string, value: string): string {
  const encoded = encodeURIComponent(value).replaceAll('%2F', '/');
  return text.replace(new RegExp(`([?&]${name}=)[^&]*`), (_, key: string) => key + encoded);
}
