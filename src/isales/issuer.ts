import https from 'node:https';
import { TLSSocket } from 'node:tls';
import { quote } from '../domain/quote.ts';

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
