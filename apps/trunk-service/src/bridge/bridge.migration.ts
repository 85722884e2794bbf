import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateBridges1764000050000 implements MigrationInterface {
  name = 'CreateBridges1764000050000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table bridges (
        id text collate "C" not null constraint bridges_pk primary key,
        pool text collate "C" not null,
        status text not null,
        version int not null,
        state jsonb not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table bridges');
  }
}
