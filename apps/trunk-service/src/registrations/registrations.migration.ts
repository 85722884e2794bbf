import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRegistrations1764000130000 implements MigrationInterface {
  name = 'CreateRegistrations1764000130000';

  async up(runner: QueryRunner): Promise<void> {
    // No read model: the stream that it is filled from forgets. `present`: the bridge had the gateway at all.
    await runner.query(`
      create table gateway_changes (
        event_id uuid constraint gateway_changes_pkey primary key,
        organization_id uuid not null,
        trunk_id uuid not null,
        bridge_id text collate "C" not null,
        at timestamptz not null,
        state text collate "C" not null,
        present boolean not null,
        up boolean not null,
        ping text collate "C",
        sip_status int,
        sip_phrase text
      )`);
    await runner.query('create index gateway_changes_of_trunk on gateway_changes (trunk_id, at desc, event_id desc)');
    await runner.query('create index gateway_changes_age on gateway_changes (at)');
    // The last change of each gateway. `since`: when it went up or down, whatever else changed after that.
    await runner.query(`
      create table gateway_states (
        trunk_id uuid not null,
        bridge_id text collate "C" not null,
        organization_id uuid not null,
        at timestamptz not null,
        since timestamptz not null,
        state text collate "C" not null,
        present boolean not null,
        up boolean not null,
        sip_status int,
        sip_phrase text,
        constraint gateway_states_pkey primary key (trunk_id, bridge_id)
      )`);
    // When one process of a bridge was known to have a running FreeSWITCH without interruption.
    await runner.query(`
      create table bridge_presence (
        bridge_id text collate "C" not null,
        instance text collate "C" not null,
        since timestamptz not null,
        until timestamptz not null,
        closed boolean not null default false,
        constraint bridge_presence_pkey primary key (bridge_id, instance, since)
      )`);
    await runner.query('create index bridge_presence_of_bridge on bridge_presence (bridge_id, until)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table bridge_presence');
    await runner.query('drop table gateway_states');
    await runner.query('drop table gateway_changes');
  }
}
