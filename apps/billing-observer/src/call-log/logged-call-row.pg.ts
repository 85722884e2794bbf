import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * One call event as it came (CloudEvents JSON). Written in batches by SQL (ADR 0025), read by the repository.
 * `envelope` is text, not jsonb: a header of the caller may hold an escaped U+0000, which jsonb refuses.
 */
@Entity('calls')
@Unique('calls_record_number', ['bridge_id', 'bridge_epoch', 'record_number'])
@Check('calls_record_number_check', 'record_number > 0')
@Check('calls_check', '(bridge_epoch IS NULL) = (record_number IS NULL)')
@Index('calls_of_call', ['call_id', 'time'])
export class LoggedCallRow {
  @PrimaryColumn({ type: 'uuid' })
  event_id!: string;

  @Column({ type: 'uuid' })
  call_id!: string;

  @Column({ type: 'uuid', nullable: true })
  organization_id!: string | null;

  /** Null: a call that was refused before a bridge had it. */
  @Column({ type: 'text', nullable: true })
  bridge_id!: string | null;

  @Column({ type: 'text' })
  type!: string;

  @Column({ type: 'timestamptz' })
  time!: Date;

  @Column({ type: 'uuid', nullable: true })
  bridge_epoch!: string | null;

  /** bigint as text. */
  @Column({ type: 'bigint', nullable: true })
  record_number!: string | null;

  @Column({ type: 'text' })
  envelope!: string;

  @Column({ type: 'timestamptz' })
  logged_at!: Date;
}
