import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

/**
 * Keys by id. The first of the text seals; all of them open. KeyObjects, because a Buffer shows its bytes wherever it
 * is inspected.
 */
export interface KeyRing {
  readonly sealsWith: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';
}

/**
 * The value was sealed with a key that is not in the ring: it was rotated out too early, or belongs to another
 * installation.
 */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';
  constructor(readonly keyId: string) {
    super(`sealed with the key "${keyId}", which is not in SECRET_KEYS`);
  }
}

/**
 * The value is not what was sealed: its text is damaged, or it was copied from the entity that it is bound to into
 * another.
 */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';
}

const KEY_ID = /^[\w-]{1,64}$/;
const SEALED = /^v1\.([\w-]{1,64})\.([\w-]{16})\.([\w-]{22,})$/;
export const IV_BYTES = 12;
const TAG_BYTES = 16;

/** `SECRET_KEYS="id:base64-of-32-bytes,id2:…"`. An error says which entry is wrong by its place, never by its text. */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, KeyObject>();
  for (const [index, entry] of text
    .split(',')
    .map((part) => part.trim())
    .entries()) {
    const colon = entry.indexOf(':');
    const id = entry.slice(0, Math.max(colon, 0));
    if (!KEY_ID.test(id))
      throw new KeyRingError(
        `SECRET_KEYS, entry ${index + 1}: must be "id:key", the id of 1 to 64 letters, digits, "-" or "_"`,
      );
    if (keys.has(id)) throw new KeyRingError(`SECRET_KEYS, entry ${index + 1}: the id "${id}" is there twice`);
    const bytes = Buffer.from(entry.slice(colon + 1), 'base64');
    if (bytes.length !== 32)
      throw new KeyRingError(
        `SECRET_KEYS, entry ${index + 1}: the key of "${id}" must be 32 bytes in base64, for example from ` +
          '"openssl rand -base64 32"',
      );
    keys.set(id, createSecretKey(bytes));
  }
  return { sealsWith: [...keys.keys()][0]!, keys };
}

/**
 * `v1.<key id>.<iv>.<ciphertext and tag>` (contracts/trunk.ts `sealed`). `boundTo` (the trunk's id) must be given
 * again to open. Use `seal` of seal.process.ts, which draws the initialization vector: one that is used twice with the
 * same key reveals both texts.
 */
export function sealWith(ring: KeyRing, plain: string, { iv, boundTo }: { iv: Buffer; boundTo: string }): string {
  const cipher = createCipheriv('aes-256-gcm', ring.keys.get(ring.sealsWith)!, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(boundTo, 'utf8'));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${ring.sealsWith}.${iv.toString('base64url')}.${body.toString('base64url')}`;
}

/** @throws UnknownKeyError, SealBrokenError */
export function open(ring: KeyRing, sealed: string, boundTo: string): string {
  const parts = parse(sealed);
  const key = ring.keys.get(parts.keyId);
  if (!key) throw new UnknownKeyError(parts.keyId);
  const decipher = createDecipheriv('aes-256-gcm', key, parts.iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(boundTo, 'utf8'));
  decipher.setAuthTag(parts.tag);
  try {
    return Buffer.concat([decipher.update(parts.ciphertext), decipher.final()]).toString('utf8');
  } catch {
    // OpenSSL's own error says no more, and must not be chained: it is logged whole.
    throw new SealBrokenError('the sealed value does not open: it was altered, or is bound to another record');
  }
}

/** The id of the key that sealed the value; rotation seals again whatever is not under the ring's first. */
export function sealedWith(sealed: string): string {
  return parse(sealed).keyId;
}

function parse(sealed: string): { keyId: string; iv: Buffer; ciphertext: Buffer; tag: Buffer } {
  const match = SEALED.exec(sealed);
  if (!match) throw new SealBrokenError('the sealed value does not have the form v1.<key>.<iv>.<ciphertext>');
  const body = Buffer.from(match[3]!, 'base64url');
  // Base64url has several spellings of the same bytes (the unused last bits); one value has one text.
  if (body.toString('base64url') !== match[3]) throw new SealBrokenError('the sealed value is not written canonically');
  return {
    keyId: match[1]!,
    iv: Buffer.from(match[2]!, 'base64url'),
    ciphertext: body.subarray(0, -TAG_BYTES),
    tag: body.subarray(-TAG_BYTES),
  };
}
