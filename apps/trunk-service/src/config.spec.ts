import { describe, expect, it } from '@jest/globals';
import { bearerToken } from './http/caller.js';
import { environmentSchema } from './config.js';

const bootstrapKey = environmentSchema.shape.BOOTSTRAP_KEY;

describe('BOOTSTRAP_KEY', () => {
  it.each(['c29tZSByYW5kb20gYnl0ZXMgb2YgYSBrZXk=', 'a-key.of_24~characters+/=', 'k'.repeat(512)])(
    'key %# can be sent',
    (key) => expect(bearerToken(`Bearer ${bootstrapKey.parse(key)}`)).toBe(key),
  );
  it.each(['too-short', 'a passphrase of four words', 'dollars$and$exclamation!marks', 'k'.repeat(513)])(
    'key %# is refused at the start, not at each request',
    (key) => expect(bootstrapKey.safeParse(key).success).toBe(false),
  );
});

describe('PUBLIC_URL', () => {
  const publicUrl = environmentSchema.shape.PUBLIC_URL;
  it.each([
    ['https://trunks.example.com', 'https://trunks.example.com'],
    ['https://example.com/trunks/', 'https://example.com/trunks'],
  ])('%s is the beginning of links, %s', (text, url) => expect(publicUrl.parse(text)).toBe(url));
  it.each(['trunks.example.com', 'ftp://trunks.example.com', 'javascript:alert(1)'])('%s is refused', (text) =>
    expect(publicUrl.safeParse(text).success).toBe(false),
  );
});
