import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { UnreadableReason } from './call-message.js';

/** A message that could not be recorded, as it came, for a person to look at. */
@Entity('unreadable')
@Check('discarded_with_reason', 'num_nulls(discarded_at, discarded_by, discard_reason) IN (0, 3)')
export class UnreadableRow {
  /** bigint as text. */
  @PrimaryColumn({ type: 'bigint' })
  stream_sequence!: string;

  /** SHA-256 of the payload, in hexadecimal. */
  @PrimaryColumn({ type: 'text' })
  digest!: string;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text' })
  reason!: UnreadableReason;

  @Column({ type: 'bytea' })
  payload!: Buffer;

  @Column({ type: 'timestamptz' })
  kept_at!: Date;

  /** When an operator decided that it is never to be recorded, who did, and why; null: it is in the list. */
  @Column({ type: 'timestamptz', nullable: true })
  discarded_at!: Date | null;

  @Column({ type: 'text', nullable: true })
  discarded_by!: string | null;

  @Column({ type: 'text', nullable: true })
  discard_reason!: string | null;
}
