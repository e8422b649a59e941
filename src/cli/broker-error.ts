import { Failure, type FailureKind } from './failure.ts';

/** What amqplib and the socket below it put into an error. */
interface ClientError extends Error {
  readonly code?: number | string;
}

/** The place of a broker as it may be shown: without the password. */
function address(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${protocol}//${hostname}:${port === '' ? (protocol === 'amqps:' ? '5671' : '5672') : port}`;
}

/** What Node.js and OpenSSL call a certificate that leads to nobody known. */
export const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF))/;

/** Why there is no connection, in terms of what the user can change. */
export function connectionFailure(error: ClientError, url: string): Failure {
  if (error instanceof Failure) return error;
  const refusal = loginFailure(error, url);
  return refusal ?? new Failure('unreachable', unreachable(error, url));
}

function unreachable(error: ClientError, url: string): string {
  const place = address(url);
  if (error.code === 'ECONNREFUSED') {
    return `nothing listens on ${place}${isLocal(url) ? '; start a broker with: leveret serve' : ''}`;
  }
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return `there is no host named '${new URL(url).hostname}'`;
  }
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return `${place} does not speak TLS; try amqp:// instead of amqps://`;
  }
  if (typeof error.code === 'string' && UNTRUSTED.test(error.code)) {
    return `the certificate of ${place} is not trusted (${error.message}); name who signed it with --ca`;
  }
  if (error.message === 'connect ETIMEDOUT') return `no answer from ${place}; a longer --timeout may help`;
  if (/^(Frame size|Invalid frame|Socket closed abruptly)/.test(error.message)) {
    return `${place} does not speak AMQP 0-9-1 (${error.message})`;
  }
  return `cannot connect to ${place}: ${error.message}`;
}

function isLocal(url: string): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);
}

/** A broker that is there and does not want this user, or does not have this vhost. */
function loginFailure(error: ClientError, url: string): Failure | undefined {
  const { username, pathname } = new URL(url);
  const user = username === '' ? 'guest' : decoded(username);
  if (error.message.includes('403 (ACCESS-REFUSED)')) {
    return new Failure('login', `${address(url)} refused user '${user}': ${brokerText(error)}`);
  }
  // amqplib drops the broker's text here: https://www.rabbitmq.com/docs/uri-spec says what a path means.
  if (error.message.includes('Expected ConnectionOpenOk; got <ConnectionClose')) {
    const vhost = decoded(pathname.slice(1));
    const hint = `the vhost is what follows the host in --url; the usual one is '/', written ${address(url)}/%2F`;
    return new Failure('login', `${address(url)} has no vhost '${vhost}' for user '${user}'; ${hint}`);
  }
  return error.message.startsWith('Handshake terminated by server')
    ? new Failure('login', `${address(url)} refused the connection: ${brokerText(error)}`)
    : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Why an operation on an open connection failed: the broker's own words when it had any. */
export function operationFailure(error: unknown, url: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error.constructor !== Error && error.name !== 'IllegalOperationError') return error;
  const { code } = error as ClientError;
  if (typeof code === 'number') return new Failure(kindOf(code), brokerText(error));
  return new Failure('unreachable', `lost the connection to ${address(url)}: ${error.message}`);
}

function kindOf(replyCode: number): FailureKind {
  if (replyCode === 404) return 'not-found';
  return replyCode === 320 ? 'unreachable' : 'refused';
}

/** The broker's sentence inside the message that amqplib builds around it. */
function brokerText(error: Error): string {
  return /with message "(.*)"$/s.exec(error.message)?.[1] ?? error.message;
}
