import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Calls that were requested, until a while after their end. What became of them is in the call log. */
export class CreateOutboundCalls1764000100000 implements MigrationInterface {
  name = 'CreateOutboundCalls1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table outbound_calls (
        call_id uuid not null constraint outbound_calls_pk primary key,
        organization_id uuid not null,
        to_number text collate "C" not null,
        -- The first trunk of the plan.
        trunk_id uuid not null,
        state text not null constraint outbound_calls_state check (
          state in ('requested', 'accepted', 'ended', 'refused')),
        -- The bridge that is asked, or that has the call; null: none was asked, or the last one refused.
        bridge_id text collate "C",
        -- What a bridge is asked; null once one has accepted.
        request jsonb,
        requested_at timestamptz not null,
        dial_until timestamptz not null,
        permitted_at timestamptz,
        answered_at timestamptz,
        ended_at timestamptz,
        billable_ms bigint not null default 0,
        -- When its end was requested.
        cancel_at timestamptz,
        -- Counts who works on it: whoever has an older number does nothing more.
        turn int not null default 1,
        -- When the sweeper takes it up; null: nothing is left to do.
        look_at timestamptz
      )`);
    await runner.query('create index outbound_calls_work on outbound_calls (look_at) where look_at is not null');
    await runner.query(
      'create index outbound_calls_destination on outbound_calls (organization_id, to_number, requested_at)',
    );
    await runner.query(
      `create index outbound_calls_open on outbound_calls (organization_id) where state in ('requested', 'accepted')`,
    );
    await runner.query(
      `create index outbound_calls_queue on outbound_calls (trunk_id)
       where permitted_at is null and state in ('requested', 'accepted')`,
    );
    await runner.query('create index outbound_calls_age on outbound_calls (requested_at)');
    await runner.query(`
      create table outbound_minutes (
        organization_id uuid not null,
        minute timestamptz not null,
        calls int not null default 0,
        billable_ms bigint not null default 0,
        constraint outbound_minutes_pk primary key (organization_id, minute)
      )`);
    await runner.query('create index outbound_minutes_age on outbound_minutes (minute)');
    await runner.query(`
      create table outbound_refusals (
        call_id uuid not null constraint outbound_refusals_pk primary key,
        organization_id uuid not null,
        -- The event CallRefused.
        event text not null,
        created_at timestamptz not null default now(),
        published_at timestamptz
      )`);
    await runner.query(
      'create index outbound_refusals_unpublished on outbound_refusals (created_at) where published_at is null',
    );
    await runner.query('create index outbound_refusals_age on outbound_refusals (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table outbound_refusals');
    await runner.query('drop table outbound_minutes');
    await runner.query('drop table outbound_calls');
  }
}
