/**
 * Which certificate the server shows: a good one from a private CA, one from that CA that has expired or is for
 * another host, or one that only itself has signed.
 */
export type CertificateKind = 'valid' | 'expired' | 'wrong-host' | 'self-signed';

export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
  /** What a client has to trust. */
  readonly caPem: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const common = { keyType: 'ec', algorithm: 'sha256' } as const;
const dnsName = 2;
const ipAddress = 7;
const loopback = [
  { type: dnsName, value: 'localhost' },
  { type: ipAddress, ip: '127.0.0.1' },
  { type: ipAddress, ip: '::1' },
] as const;
const elsewhere = [{ type: dnsName, value: 'isales.example.com' }] as const;

/** Makes keys and certificates for loopback addresses; they last a year. */
export async function makeCertificate(kind: CertificateKind): Promise<ServerCertificate> {
  // Loaded here only: every command loads the simulator, and the X.509 code takes longer than all the rest of it.
  const { generate } = await import('selfsigned');
  const altNames = kind === 'wrong-host' ? elsewhere : loopback;
  const name = [{ name: 'commonName', value: altNames[0].value }];
  const leaf = {
    ...common,
    notBeforeDate: daysFromNow(kind === 'expired' ? -60 : -1),
    notAfterDate: daysFromNow(kind === 'expired' ? -30 : 365),
    extensions: [
      { name: 'keyUsage' as const, digitalSignature: true, critical: true },
      { name: 'extKeyUsage' as const, serverAuth: true },
      { name: 'subjectAltName' as const, altNames: [...altNames] },
    ],
  };
  if (kind === 'self-signed') {
    const own = await generate(name, leaf);
    return { key: own.private, cert: own.cert, caPem: own.cert };
  }
  const ca = await generate([{ name: 'commonName', value: 'obs-code-sync simulator CA' }], {
    ...common,
    notBeforeDate: daysFromNow(-90),
    notAfterDate: daysFromNow(365),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const signed = await generate(name, { ...leaf, ca: { key: ca.private, cert: ca.cert } });
  return { key: signed.private, cert: signed.cert, caPem: ca.cert };
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMs);
}
