/** How hashes of passwords are made. */
export type Hashing = 'sha256' | 'sha512' | 'md5';

/** As RabbitMQ names them in definitions. */
export const hashingNames: Readonly<Record<Hashing, string>> = {
  sha256: 'rabbit_password_hashing_sha256',
  sha512: 'rabbit_password_hashing_sha512',
  md5: 'rabbit_password_hashing_md5',
};

const hashings = Object.keys(hashingNames) as readonly Hashing[];

/** Bytes. */
const SALT = 4;
const LENGTHS: Readonly<Record<Hashing, number>> = { sha256: 32, sha512: 64, md5: 16 };

/** What hashing needs from outside: the core has no cryptography and no randomness of its own. */
export interface Secrets {
  random(bytes: number): Buffer;
  digest(hashing: Hashing, bytes: Buffer): Buffer;
}

/** Undefined when there is none of this name. */
export function hashingNamed(name: unknown): Hashing | undefined {
  return hashings.find((hashing) => hashingNames[hashing] === name);
}

/** A password as RabbitMQ keeps it, so that its definitions can be imported. Empty for an empty one (CON-16). */
export function hashPassword(password: string, secrets: Secrets): string {
  if (password === '') return '';
  const salt = secrets.random(SALT);
  return Buffer.concat([salt, saltedDigest('sha256', salt, password, secrets)]).toString('base64');
}

/** Whether this can be the hash of a password. */
export function isPasswordHash(hash: string, hashing: Hashing): boolean {
  return Buffer.from(hash, 'base64').length === SALT + LENGTHS[hashing];
}

/** Whether a password has this hash. An empty one never has (CON-16). */
export function hasHash(password: string, hash: string, hashing: Hashing, secrets: Secrets): boolean {
  const stored = Buffer.from(hash, 'base64');
  if (password === '' || stored.length <= SALT) return false;
  return saltedDigest(hashing, stored.subarray(0, SALT), password, secrets).equals(stored.subarray(SALT));
}

function saltedDigest(hashing: Hashing, salt: Buffer, password: string, secrets: Secrets): Buffer {
  return secrets.digest(hashing, Buffer.concat([salt, Buffer.from(password)]));
}
