import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { projectClaims } from './trunk-claims.pg.js';

const ROWS_PER_BATCH = 1_000;

/** What each trunk claims, found by address. Filled from the trunks that there are: for a rebuild none. */
export class CreateTrunkClaims1764000055000 implements MigrationInterface {
  name = 'CreateTrunkClaims1764000055000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table trunk_claims (
        trunk_id uuid not null,
        organization_id uuid not null,
        bridge_pool text not null,
        network inet not null,
        since timestamptz not null,
        -- Wider than an organisation may claim, and not approved: gives way to every other claim.
        yields boolean not null,
        constraint trunk_claims_pk primary key (trunk_id, network)
      )`);
    await runner.query('create index trunk_claims_by_network on trunk_claims using gist (network inet_ops)');
    for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
      const rows = (await runner.query('select id, state from trunks where id > $1 order by id limit $2', [
        after,
        ROWS_PER_BATCH,
      ])) as { id: string; state: TrunkState }[];
      if (rows.length === 0) return;
      await projectClaims(
        runner,
        rows.map(({ state }) => state),
      );
      after = rows[rows.length - 1]!.id;
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table trunk_claims');
  }
}
