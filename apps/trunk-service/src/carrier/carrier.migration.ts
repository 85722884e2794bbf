import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Networks stand in a table of their own, where an index finds them by address. */
export class CreateCarriers1764000065000 implements MigrationInterface {
  name = 'CreateCarriers1764000065000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table carriers (
        id text collate "C" not null constraint carriers_pk primary key,
        version int not null,
        state jsonb not null
      )`);
    await runner.query(`
      create table carrier_networks (
        carrier_id text collate "C" not null,
        network inet not null,
        constraint carrier_networks_pk primary key (carrier_id, network)
      )`);
    await runner.query('create index carrier_networks_by_network on carrier_networks using gist (network inet_ops)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table carrier_networks');
    await runner.query('drop table carriers');
  }
}
