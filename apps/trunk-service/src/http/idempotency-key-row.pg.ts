import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A creation's key, a fingerprint of the request, and the answer to give again. */
@Entity('idempotency_keys')
@Index('idempotency_keys_age', ['created_at'])
export class IdempotencyKeyRow {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'idempotency_keys_pk' })
  organization_id!: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'idempotency_keys_pk' })
  key!: string;

  /** Keyed hash of the request. */
  @Column({ type: 'bytea' })
  fingerprint!: Buffer;

  @Column({ type: 'int' })
  status!: number;

  @Column({ type: 'jsonb' })
  headers!: Record<string, string>;

  /** JSON. */
  @Column({ type: 'text' })
  body!: string;

  @Column({ type: 'timestamptz' })
  created_at!: Date;
}
