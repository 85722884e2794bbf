import type { MigrationInterface, QueryRunner } from 'typeorm';

/** No read model: an organisation's formats have no events, this table is their record. */
export class CreateCarrierFormats1764000170000 implements MigrationInterface {
  name = 'CreateCarrierFormats1764000170000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table carrier_formats (
        organization_id uuid not null,
        name text collate "C" not null,
        format jsonb not null,
        constraint carrier_formats_pk primary key (organization_id, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table carrier_formats');
  }
}
