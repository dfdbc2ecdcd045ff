import { generate } from 'selfsigned';

export interface Issued {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const lasting = {
  notBeforeDate: new Date(Date.now() - dayMs),
  notAfterDate: new Date(Date.now() + 30 * dayMs),
};
const ipAddress = 7;
const dnsName = 2;

/**
 * A CA of its own, under another one where it is given.
 *
 * @param keyType that of what it issues, too
 */
export async function authority(
  name: string,
  parent?: Issued,
  keyType: 'ec' | 'rsa' = 'ec',
): Promise<Issued> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...{ ...lasting, keyType, algorithm: 'sha256' },
    ...(parent === undefined ? {} : { ca: parent }),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** A certificate for loopback, or for a name; for servers, or for clients alone; a weak one from a CA with RSA. */
export async function issue(
  ca: Issued,
  {
    name,
    purpose = 'server',
    weak = false,
  }: { name?: string; purpose?: 'server' | 'client'; weak?: boolean } = {},
): Promise<Issued> {
  const made = await generate([{ name: 'commonName', value: name ?? 'loopback' }], {
    ...{ ...lasting, ca, algorithm: 'sha256' },
    ...(weak ? { keyType: 'rsa', keySize: 1024 } : { keyType: 'ec' }),
    extensions: [
      { name: 'extKeyUsage', ...(purpose === 'server' ? { serverAuth: true } : { clientAuth: true }) },
      {
        name: 'subjectAltName',
        altNames: [
          name === undefined ? { type: ipAddress, ip: '127.0.0.1' } : { type: dnsName, value: name },
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
