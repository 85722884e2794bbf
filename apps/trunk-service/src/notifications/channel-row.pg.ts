import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { ChannelView } from './notification-channel.js';

@Entity('notification_channels')
@Unique('notification_channels_name', ['organization_id', 'name_key'])
export class ChannelRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid' })
  organization_id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  name_key!: string;

  @Column({ type: 'text' })
  kind!: ChannelView['kind'];

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @Column({ type: 'text', nullable: true })
  host!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  recipients!: string[] | null;

  @Column({ type: 'boolean' })
  has_signing_secret!: boolean;

  /** `ChannelTarget` as JSON, sealed and bound to the channel's id; null: e-mail. */
  @Column({ type: 'text', nullable: true })
  sealed!: string | null;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz' })
  updated_at!: Date;
}
