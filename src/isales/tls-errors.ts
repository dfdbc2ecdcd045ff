import https from 'node:https';
import { TLSSocket } from 'node:tls';
import { RequestError } from 'got';
import type { SourceConfig } from '../config/schema.ts';
import { quote } from '../domain/quote.ts';
import { VdnError } from '../errors.ts';

/** Why a TLS connection failed. */
export interface TlsFault {
  /** Node's name for it, or OpenSSL's number as `SSL 0x42e`. */
  readonly code: string;
  /** What OpenSSL says, where it has no name for it. */
  readonly words: string;
}

/** OpenSSL's numbers of reasons; 0x400 and more are alerts of the other side (RFC 8446, 6). */
const reasons = {
  wrongVersionNumber: 'SSL 0x10b',
  httpRequest: 'SSL 0x9c',
  packetLength: 'SSL 0xc6',
  unsupportedProtocol: 'SSL 0x102',
  noProtocols: 'SSL 0xbf',
  unsafeRenegotiation: 'SSL 0x152',
  dhKeyTooSmall: 'SSL 0x18a',
  eeKeyTooSmall: 'SSL 0x18f',
  caKeyTooSmall: 'SSL 0x18d',
  digestTooWeak: 'SSL 0x18e',
  handshakeFailure: 'SSL 0x410',
  badCertificate: 'SSL 0x412',
  unknownCa: 'SSL 0x418',
  protocolVersion: 'SSL 0x42e',
  insufficientSecurity: 'SSL 0x42f',
  unrecognizedName: 'SSL 0x458',
  certificateRequired: 'SSL 0x45c',
} as const;

/** The fault, or undefined where the error is another one. */
export function tlsFault(error: unknown): TlsFault | undefined {
  if (!(error instanceof RequestError)) return undefined;
  // Many have no name but EPROTO; their number is the same in every version and language.
  const [, reason] = /\berror:0A([0-9A-F]{6}):/.exec(error.message) ?? [];
  if (reason !== undefined)
    return { code: `SSL 0x${Number.parseInt(reason, 16).toString(16)}`, words: error.message };
  return isTlsCode(error.code) ? { code: error.code, words: error.message } : undefined;
}

export function isUnknownAuthority({ code }: TlsFault): boolean {
  return unknownAuthority.has(code);
}

/**
 * The error for a failed TLS connection; it names the setting that would help.
 *
 * @param issuer who signed the server's certificate, harmless text, where that is known
 */
export function tlsError(
  fault: TlsFault,
  { tls }: Pick<SourceConfig, 'tls'>,
  issuer: string | undefined,
): VdnError {
  return new VdnError('tls', `no trusted connection (${fault.code}): ${explanation(fault, tls, issuer)}.`);
}

function explanation(fault: TlsFault, tls: SourceConfig['tls'], issuer: string | undefined): string {
  if (isUnknownAuthority(fault)) {
    const signer = issuer === undefined ? '' : ` by ${issuer}`;
    return tls.ca === undefined
      ? `the certificate is signed${signer}, an authority that is not known here: put its CA certificate, or the server’s own, in a file and name it as tls.caFile`
      : `the certificate is signed${signer}, and not by what tls.caFile holds: put that authority’s certificate in it, or the server’s own`;
  }
  if (fault.code === reasons.handshakeFailure) {
    return tls.cert === undefined
      ? 'the server ends the handshake: it may want a client certificate (tls.certFile and tls.keyFile), or know only old ciphers (tls.minVersion: TLSv1)'
      : 'the server ends the handshake: it may refuse the client certificate in tls.certFile, or know only old ciphers (tls.minVersion: TLSv1)';
  }
  const known = explanations[fault.code];
  if (known !== undefined) return known;
  const said = fault.words.replace(/^.*?SSL routines:[^:]*:([^:]*):.*$/s, '$1');
  const advice = fault.code === 'UNSPECIFIED' ? `; ${tooWeak}` : '';
  return `OpenSSL says ${quote(said)}${advice}`;
}

const unknownAuthority: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

const noTls =
  'what answers there does not speak TLS: check the port, and whether baseUrl should begin with https';
const tooOld =
  'the server and this program have no version of TLS in common; for an old server set tls.minVersion to TLSv1, or to TLSv1.1, and have it renewed';
const tooWeak =
  'a key or signature of the server’s certificates is too weak; tls.minVersion: TLSv1 lets it through, have it renewed';
const wantsClient =
  'the server wants a client certificate: have one issued and name it as tls.certFile, with tls.keyFile';
const refusesClient =
  'the server refuses the client certificate in tls.certFile: have one issued that it knows';

const explanations: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired: have it renewed',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet: check the clocks of both machines',
  CERT_REVOKED: 'the certificate has been revoked: have it renewed',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another name or address than baseUrl’s: use the name it is for, or set it as tls.serverName',
  HOSTNAME_MISMATCH: 'the certificate is for another name than baseUrl’s: set it as tls.serverName',
  INVALID_PURPOSE:
    'the certificate is not made for a server (its purpose is another): have one issued for servers',
  INVALID_CA: 'the signer of the certificate is not a CA: put the server’s own certificate in tls.caFile',
  PATH_LENGTH_EXCEEDED: 'the CA may not sign so long a chain: put the server’s own certificate in tls.caFile',
  EPROTO: noTls,
  [reasons.wrongVersionNumber]: noTls,
  [reasons.httpRequest]: noTls,
  [reasons.packetLength]: noTls,
  [reasons.unsupportedProtocol]: tooOld,
  [reasons.noProtocols]: tooOld,
  [reasons.protocolVersion]: tooOld,
  [reasons.insufficientSecurity]: tooOld,
  [reasons.unsafeRenegotiation]:
    'the server has only the old, unsafe renegotiation; tls.minVersion: TLSv1 lets it through, have it renewed',
  [reasons.dhKeyTooSmall]: tooWeak,
  [reasons.eeKeyTooSmall]: tooWeak,
  [reasons.caKeyTooSmall]: tooWeak,
  [reasons.digestTooWeak]: tooWeak,
  [reasons.unrecognizedName]:
    'the server does not know the name that it was asked for: set the one that it has as tls.serverName',
  [reasons.certificateRequired]: wantsClient,
  [reasons.unknownCa]: refusesClient,
  [reasons.badCertificate]: refusesClient,
};

/** X.509 codes of Node that begin with none of these words. */
const furtherCodes: ReadonlySet<string> = new Set([
  ...unknownAuthority,
  ...['EPROTO', 'UNSPECIFIED', 'INVALID_CA', 'INVALID_PURPOSE', 'HOSTNAME_MISMATCH', 'PATH_LENGTH_EXCEEDED'],
  ...['UNABLE_TO_DECRYPT_CERT_SIGNATURE', 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY'],
]);

function isTlsCode(code: string): boolean {
  return furtherCodes.has(code) || /^(ERR_TLS|ERR_SSL|CERT_)/.test(code);
}

/**
 * Who signed the certificate that a server shows, which OpenSSL's errors do not say: one further connection, unverified,
 * over which nothing is sent.
 *
 * @returns harmless text; undefined where it cannot be found out
 */
export function issuerOf(
  baseUrl: string,
  options: https.AgentOptions,
  timeoutMs: number,
): Promise<string | undefined> {
  const agent = new https.Agent({ ...options, keepAlive: false, rejectUnauthorized: false });
  const found = Promise.withResolvers<string | undefined>();
  // Never ended, so that its head is never sent.
  const request = https.request(baseUrl, { agent });
  const timer = setTimeout(() => found.resolve(undefined), timeoutMs);
  request.on('error', () => found.resolve(undefined));
  request.on('socket', (socket) => {
    if (!(socket instanceof TLSSocket)) return found.resolve(undefined);
    const look = () => found.resolve(nameOf(socket));
    if (socket.getPeerX509Certificate() === undefined) socket.once('secureConnect', look);
    else look();
  });
  return found.promise.finally(() => {
    clearTimeout(timer);
    request.destroy();
    agent.destroy();
  });
}

function nameOf(socket: TLSSocket): string | undefined {
  const { CN, O } = socket.getPeerCertificate().issuer ?? {};
  const name = [CN ?? O].flat()[0];
  return name === undefined ? undefined : quote(name);
}
