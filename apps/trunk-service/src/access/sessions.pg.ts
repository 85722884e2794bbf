import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';

/** From the sign-in, whatever is done meanwhile. */
export const SESSION_SECONDS = 12 * 60 * 60;
/** Of one key; the oldest ends when one more begins. */
const MAX_SESSIONS = 50;

/** Whose session it is. */
export type SessionOwner =
  | { keyId: string; bootstrap?: undefined }
  /** A fingerprint of the bootstrap key: another key in the environment ends its sessions. */
  | { keyId?: undefined; bootstrap: Buffer };

export interface StoredSession {
  key_id: string | null;
  bootstrap: Buffer | null;
}

const hashOf = (token: string) => createHash('sha256').update(token).digest();

/** Sign-ins of browsers: a random token each, of which only the hash is stored. */
@Injectable()
export class Sessions {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** The token, which is shown here only. */
  async begin({ keyId, bootstrap }: SessionOwner): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    await this.store.query(
      `
      insert into sessions (hash, key_id, bootstrap, created_at, expires_at)
      values ($1, $2, $3, now(), now() + $4 * interval '1 second')`,
      [hashOf(token), keyId ?? null, bootstrap ?? null, SESSION_SECONDS],
    );
    await this.store.query(
      `
      delete from sessions where expires_at < now() or hash in (
        select hash from sessions where key_id is not distinct from $1
        order by created_at desc, hash offset $2)`,
      [keyId ?? null, MAX_SESSIONS],
    );
    return token;
  }

  async find(token: string): Promise<StoredSession | undefined> {
    const [row] = await this.store.query<StoredSession>(
      'select key_id, bootstrap from sessions where hash = $1 and expires_at > now()',
      [hashOf(token)],
    );
    return row;
  }

  async end(token: string): Promise<void> {
    await this.store.query('delete from sessions where hash = $1', [hashOf(token)]);
  }
}
