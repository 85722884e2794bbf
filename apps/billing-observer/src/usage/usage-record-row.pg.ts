import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** One finished call. Written in batches by SQL (ADR 0025); never changed. bigint columns are read as text. */
@Entity('usage_records')
@Unique('usage_record_number', ['bridge_id', 'bridge_epoch', 'record_number'])
@Check('usage_records_record_number_check', 'record_number > 0')
@Check('usage_records_direction_check', "direction IN ('inbound', 'outbound')")
@Check('usage_records_billable_ms_check', 'billable_ms >= 0')
@Check('carrier_cost_is_external', "carrier_cost = 'external'")
@Index('usage_of_organization', ['organization_id', 'started_at'])
export class UsageRecordRow {
  @PrimaryColumn({ type: 'uuid' })
  call_id!: string;

  @Column({ type: 'uuid' })
  organization_id!: string;

  @Column({ type: 'uuid', nullable: true })
  trunk_id!: string | null;

  @Column({ type: 'uuid', nullable: true })
  number_id!: string | null;

  @Column({ type: 'text' })
  bridge_id!: string;

  @Column({ type: 'uuid' })
  bridge_epoch!: string;

  @Column({ type: 'bigint' })
  record_number!: string;

  @Column({ type: 'text' })
  direction!: 'inbound' | 'outbound';

  @Column({ type: 'text' })
  from_number!: string;

  @Column({ type: 'text' })
  to_number!: string;

  @Column({ type: 'timestamptz' })
  started_at!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  answered_at!: Date | null;

  @Column({ type: 'timestamptz' })
  ended_at!: Date;

  @Column({ type: 'bigint' })
  billable_ms!: string;

  @Column({ type: 'text' })
  hangup_cause!: string;

  @Column({ type: 'integer', nullable: true })
  sip_status!: number | null;

  /** The carrier's bill is the customer's own: the database takes no other value. */
  @Column({ type: 'text', default: 'external' })
  carrier_cost!: 'external';

  @Column({ type: 'timestamptz' })
  recorded_at!: Date;
}
