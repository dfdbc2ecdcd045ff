import { X509Certificate } from 'node:crypto';
import type { Parsed } from './parsed.ts';
import { readText } from './read-text.ts';

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a PEM bundle, without what else the file holds (a private key, say). */
export function readCertificates(path: string): Parsed<string> {
  const file = readText(path);
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
