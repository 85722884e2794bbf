import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { Condition, ConditionKind } from './notification-rule.js';

@Entity('notification_rules')
@Unique('notification_rules_name', ['organization_id', 'name_key'])
export class RuleRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid' })
  organization_id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  name_key!: string;

  @Column({ type: 'text' })
  kind!: ConditionKind;

  @Column({ type: 'jsonb' })
  condition!: Condition;

  @Column({ type: 'uuid', array: true })
  channel_ids!: string[];

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @Column({ type: 'int' })
  messages_per_hour!: number;

  /** Messages that were left out since the last one. */
  @Column({ type: 'int', default: 0 })
  suppressed!: number;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz' })
  updated_at!: Date;
}
