import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { StoredApiKey } from './api-key.js';

/** An API key without its text. Keys have no events: this table is their record. */
@Entity('api_keys')
@Unique('api_keys_lookup', ['lookup'])
@Check('api_keys_role_check', "role IN ('admin', 'member', 'publisher')")
@Index('api_keys_of_organization', ['organization_id', 'created_at', 'id'])
export class ApiKeyRow implements StoredApiKey {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid' })
  organization_id!: string;

  /** The public part of the key, by which it is found. */
  @Column({ type: 'text', collation: 'C' })
  lookup!: string;

  /**
   * SHA-256 of the whole key, which has 256 random bits: there is nothing to guess that a slow hash would slow down.
   * Not read with the others.
   */
  @Column({ type: 'bytea', select: false })
  hash!: Buffer;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  role!: StoredApiKey['role'];

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  /** To the hour. */
  @Column({ type: 'timestamptz', nullable: true })
  last_used_at!: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  revoked_at!: Date | null;
}
