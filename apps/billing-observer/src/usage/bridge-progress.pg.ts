import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Numbering, Span } from './numbering.js';

/** Which numbers of a bridge's epoch have come. */
@Entity('bridge_progress')
export class BridgeProgress {
  @PrimaryColumn({ type: 'text' })
  bridge_id!: string;

  @PrimaryColumn({ type: 'uuid' })
  bridge_epoch!: string;

  /** bigint as text. */
  @Column({ type: 'bigint' })
  highest!: string;

  /** The numbers below `highest` that have not come. */
  @Column({ type: 'jsonb' })
  missing!: Span[];

  @Column({ type: 'timestamptz' })
  latest_time!: Date;
}

export const numberingOf = ({ highest, missing }: Pick<BridgeProgress, 'highest' | 'missing'>): Numbering => ({
  highest: Number(highest),
  missing,
});
