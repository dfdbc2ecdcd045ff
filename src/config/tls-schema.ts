import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import type * as z from 'zod';
import { quote } from '../domain/quote.ts';
import { mapping, oneOf, type Parsed, parsedText, text, trueOrFalse } from './fields.ts';
import { readText } from './read-text.ts';

/** `tls` of a source. Files are read; what they hold never comes into a message. */
export function tlsSchema(directory: string) {
  const pem = (read: (path: string) => Parsed<string>) =>
    parsedText('a path', (file) => {
      const path = resolve(directory, file);
      const content = read(path);
      if (content.ok) return { ok: true, value: { path, pem: content.value } };
      const place = isAbsolute(file) ? '' : ` (looked for in ${quote(directory)})`;
      return { ok: false, problems: content.problems.map((problem) => problem + place) };
    });
  return mapping({
    caFile: pem(readCertificates)
      .exactOptional()
      .describe(
        'A file of certificates to trust (PEM): the CA, an intermediate, or the server’s own; beside this file unless absolute.',
      ),
    certFile: pem(readCertificates)
      .exactOptional()
      .describe('The client certificate (PEM), where the server wants one; with keyFile.'),
    keyFile: pem(readPrivateKey)
      .exactOptional()
      .describe('The private key of certFile (PEM, not encrypted).'),
    serverName: text('a host name such as aicc.example.com', /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i)
      .exactOptional()
      .describe('The name to ask for and to verify, where baseUrl has an address.'),
    minVersion: oneOf(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'])
      .exactOptional()
      .describe(
        'The oldest TLS to accept, TLSv1.2 where absent; TLSv1 and TLSv1.1 let weak keys and old renegotiation through.',
      ),
    insecureSkipVerify: trueOrFalse()
      .default(false)
      .describe('Accepts any certificate: others can then read and change the traffic.'),
  })
    .superRefine(refuseContradictions, { when: ({ value }) => typeof value === 'object' && value !== null })
    .prefault({})
    .transform(({ caFile, certFile, keyFile, ...rest }) => ({
      ...rest,
      ...(caFile && { caFile: caFile.path, ca: caFile.pem }),
      ...(certFile && { cert: certFile.pem }),
      ...(keyFile && { key: keyFile.pem }),
    }))
    .describe('How the identity of the server is verified.');
}

function readPrivateKey(path: string): Parsed<string> {
  const file = readText(path, 'latin1');
  if (!file.ok) return { ok: false, problems: [`cannot be read: ${file.problems[0]}`] };
  try {
    createPrivateKey(file.value);
    return file;
  } catch {
    return {
      ok: false,
      problems: ['holds no private key that can be used; expected PEM text, not encrypted'],
    };
  }
}

function refuseContradictions(tls: object, context: z.core.$RefinementCtx): void {
  const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if ('insecureSkipVerify' in tls && tls.insecureSkipVerify === true && 'caFile' in tls) {
    refuse(
      'insecureSkipVerify',
      'contradicts caFile, which would not be looked at; leave one of the two out',
    );
  }
  if ('certFile' in tls !== 'keyFile' in tls) {
    const [given, missing] = 'certFile' in tls ? ['certFile', 'keyFile'] : ['keyFile', 'certFile'];
    refuse(given, `needs ${missing} beside it`);
  }
  const { cert, key } = { cert: pemAt(tls, 'certFile'), key: pemAt(tls, 'keyFile') };
  if (cert && key && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    refuse('keyFile', 'is not the key of the first certificate in certFile');
}

/** What a file held, where it could be read. */
function pemAt(tls: object, name: string): string | undefined {
  const file: unknown = Reflect.get(tls, name);
  return typeof file === 'object' && file !== null && 'pem' in file ? String(file.pem) : undefined;
}

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a PEM bundle, without what else the file holds (a private key, say). */
function readCertificates(path: string): Parsed<string> {
  const file = readText(path, 'latin1');
  if (!file.ok) return { ok: false, problems: [`cannot be read: ${file.problems[0]}`] };

  const blocks = file.value.match(pemBlock) ?? [];
  if (blocks.length === 0) return { ok: false, problems: ['holds no certificate; expected PEM text'] };

  const broken = blocks.findIndex((block) => !isCertificate(block));
  if (broken >= 0) {
    return { ok: false, problems: [`certificate ${broken + 1} of ${blocks.length} in it is damaged`] };
  }
  return { ok: true, value: `${blocks.join('\n')}\n` };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
