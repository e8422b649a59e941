import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { TlsDetails } from '../broker/connections.ts';

/** What TLS is spoken on a socket, in the words of RabbitMQ. */
export function tlsDetails(socket: TLSSocket): TlsDetails {
  const { keyExchange, cipher, hash } = suite(socket.getCipher().standardName);
  const protocol = (socket.getProtocol() ?? '').toLowerCase();
  return { protocol, keyExchange, cipher, hash, certificate: certificate(socket.getPeerCertificate()) };
}

/**
 * The parts of a cipher suite by its standard name: `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256`, and in TLS 1.3, where any
 * key exchange goes with it, `TLS_AES_256_GCM_SHA384`.
 */
export function suite(standardName: string): Pick<TlsDetails, 'keyExchange' | 'cipher' | 'hash'> {
  const [exchange = '', later] = standardName.toLowerCase().replace(/^tls_/, '').split('_with_');
  const keyExchange = later === undefined ? 'any' : exchange;
  const parts = (later ?? exchange).split('_');
  const hash = parts.pop() ?? '';
  const cipher = parts.join('_');
  const isAead = /_(gcm|ccm|8|poly1305)$/.test(cipher);
  return { keyExchange, cipher, hash: isAead ? 'aead' : hash };
}

/** An empty object, as Node.js says it, is none. */
function certificate(shown: Partial<PeerCertificate>): TlsDetails['certificate'] {
  const { subject, issuer, valid_from: from, valid_to: to, serialNumber = '' } = shown;
  if (subject === undefined || issuer === undefined) return undefined;
  return {
    subject: distinguishedName(subject),
    issuer: distinguishedName(issuer),
    validity: `${from} - ${to}`,
    serialNumber,
  };
}

/** `CN=client,O=Example`. */
function distinguishedName(name: object): string {
  return Object.entries(name)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
}
