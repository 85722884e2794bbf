import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateEventStore1764000000000 implements MigrationInterface {
  readonly name = 'CreateEventStore1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table events (
        position bigint generated always as identity,
        subject text not null,
        version integer not null check (version > 0),
        id uuid not null,
        time timestamptz not null,
        envelope text not null,
        constraint events_pkey primary key (position),
        constraint events_subject_version unique (subject, version)
      )`);
    await runner.query(
      `comment on column events.envelope is 'the CloudEvent, byte for byte what is in JetStream; jsonb would ` +
        `reorder it'`,
    );
    // A row leaves it only when JetStream has acknowledged the event, so nothing is skipped whatever the order of
    // commits. It is emptied as fast as it is filled: without more frequent vacuuming, every read would scan dead rows.
    await runner.query(`
      create table outbox (position bigint constraint outbox_pkey primary key)
      with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000)`);
    // How far the relay has compared: every message of the stream up to stream_sequence is gone from the outbox. One
    // row, written with each removal.
    await runner.query(`
      create table relay (
        one boolean constraint relay_pkey primary key default true check (one),
        stream_created text,
        stream_sequence bigint not null default 0
      )`);
    await runner.query(`insert into relay default values`);
    await runner.query(`
      create function events_are_never_changed() returns trigger language plpgsql as
      $$ begin raise exception 'an event is never changed or deleted'; end $$`);
    await runner.query(`
      create trigger events_are_never_changed before update or delete on events
      for each statement execute function events_are_never_changed()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table relay');
    await runner.query('drop table outbox');
    await runner.query('drop table events');
    await runner.query('drop function events_are_never_changed');
  }
}
