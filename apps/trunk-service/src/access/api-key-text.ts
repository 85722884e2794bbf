/** `tm_`, 16 hexadecimal digits by which the key is found, `_`, 256 random bits in base64url. */
const KEY = /^tm_([\da-f]{16})_[\w-]{43}$/;

/** The key's public part, or undefined for what cannot be one of ours. */
export function lookupOf(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** `lookup`: 8 random bytes in hexadecimal; `secret`: 32 random bytes in base64url. */
export const keyText = (lookup: string, secret: string) => `tm_${lookup}_${secret}`;
