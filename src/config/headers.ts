import * as z from 'zod';

/** Headers that the program sets itself, and those that belong to a single connection (RFC 9110, 7.6.1). */
const refused: ReadonlySet<string> = new Set([
  ...['host', 'authorization', 'content-type', 'content-length', 'locale', 'user-agent', 'accept-encoding'],
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
]);

const token = /^[!#$%&'*+.^_`|~\w-]+$/;

/** Further headers of a source's requests. Their values are secrets: no message shows one. */
export function furtherHeaders() {
  return z
    .record(
      z.string(),
      z.string('expected a text; a number needs quotes here'),
      'expected a mapping of names to texts',
    )
    .superRefine((headers, context) => {
      const seen = new Set<string>();
      for (const [name, value] of Object.entries(headers)) {
        for (const message of problemsOf(name, value, seen))
          context.addIssue({ code: 'custom', path: token.test(name) ? [name] : [], message });
        seen.add(name.toLowerCase());
      }
    });
}

function problemsOf(name: string, value: unknown, seen: ReadonlySet<string>): string[] {
  // What is no name may hold a value, a secret one even, whose colon lacks its blank.
  if (!token.test(name)) return ['has a key that is not a header name (is a blank missing after its colon?)'];
  if (refused.has(name.toLowerCase()))
    return ['is set by the program or belongs to the connection; leave it out'];
  if (seen.has(name.toLowerCase())) return ['is there twice, in different case'];
  if (typeof value === 'string' && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    return ['holds a character that no header may have; expected printable Latin letters'];
  return [];
}
