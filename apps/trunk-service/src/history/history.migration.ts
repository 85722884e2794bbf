import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An installation with millions of events builds the index for longer than a statement of the service may take. */
const BUILD_MS = 3_600_000;

interface Client {
  query(query: string | { text: string; query_timeout: number }): Promise<unknown>;
}

/** The events of an organisation by kind and time, for its history. */
export class CreateHistoryIndex1764000120000 implements MigrationInterface {
  name = 'CreateHistoryIndex1764000120000';

  async up(runner: QueryRunner): Promise<void> {
    const client = (await runner.connect()) as Client;
    await client.query(`set local statement_timeout = ${BUILD_MS}`);
    await client.query({
      text: `create index events_of_organization on events
        (split_part(subject, '.', 3), split_part(subject, '.', 4), time desc, position desc)
        where subject like 'trunkmesh.org.%'`,
      query_timeout: BUILD_MS,
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index events_of_organization');
  }
}

/** The same by who did it. `history.pg.ts` asks in these words. */
export class CreateHistoryActorIndex1764000207000 implements MigrationInterface {
  name = 'CreateHistoryActorIndex1764000207000';

  async up(runner: QueryRunner): Promise<void> {
    const client = (await runner.connect()) as Client;
    await client.query(`set local statement_timeout = ${BUILD_MS}`);
    await client.query({
      text: `create index events_of_actor on events
        (split_part(subject, '.', 3), (envelope::json ->> 'actor'), split_part(subject, '.', 4),
        time desc, position desc) where subject like 'trunkmesh.org.%'`,
      query_timeout: BUILD_MS,
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index events_of_actor');
  }
}

/** The same by type, so that a rare one is found without reading all others. `history.pg.ts` asks in these words. */
export class CreateHistoryTypeIndex1764000187000 implements MigrationInterface {
  name = 'CreateHistoryTypeIndex1764000187000';

  async up(runner: QueryRunner): Promise<void> {
    const client = (await runner.connect()) as Client;
    await client.query(`set local statement_timeout = ${BUILD_MS}`);
    await client.query({
      text: `create index events_of_type on events
        (split_part(subject, '.', 3), (envelope::json ->> 'type'), time desc, position desc)
        where subject like 'trunkmesh.org.%'`,
      query_timeout: BUILD_MS,
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index events_of_type');
  }
}
