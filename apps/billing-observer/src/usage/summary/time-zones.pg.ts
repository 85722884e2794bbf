import type { DataSource } from 'typeorm';
import { everyOne } from '../../every-one.js';
import { recount } from './recount.pg.js';

/** What an event says of an organisation; undefined: nothing was set, which is UTC. */
export interface ZoneChange {
  organization_id: string;
  version: number;
  time_zone: string | undefined;
}

/** Takes over what is newer than what is known, and counts the days of those organisations again. */
export async function applyTimeZones(dataSource: DataSource, changes: readonly ZoneChange[]): Promise<void> {
  const rows: { organization_id: string; version: string; time_zone: string }[] = await dataSource.query(
    'SELECT organization_id, version, time_zone FROM usage_time_zones WHERE organization_id = ANY($1::uuid[])',
    [changes.map((change) => change.organization_id)],
  );
  const known = new Map(rows.map((row) => [row.organization_id, row]));
  await everyOne(changes, { what: 'time zones of organisations' }, async (change) => {
    const before = known.get(change.organization_id);
    if (before !== undefined && Number(before.version) >= change.version) return 0;
    if ((change.time_zone ?? 'UTC') === (before?.time_zone ?? 'UTC')) return 0;
    await applyTimeZone(dataSource, change);
    return 1;
  });
}

/** A name that PostgreSQL does not know (its time zone data is older) counts as UTC. */
async function applyTimeZone(dataSource: DataSource, { organization_id, version, time_zone }: ZoneChange) {
  const [zone] = (await dataSource.query(
    `SELECT coalesce((SELECT name FROM pg_timezone_names WHERE lower(name) = lower($1) LIMIT 1), 'UTC') AS name`,
    [time_zone ?? 'UTC'],
  )) as [{ name: string }];
  await recount(dataSource, {
    organizationId: organization_id,
    timeZone: zone.name,
    adopt: async (tx) => {
      const written: unknown[] = await tx.query(
        `INSERT INTO usage_time_zones (organization_id, version, time_zone) VALUES ($1, $2, $3)
        ON CONFLICT (organization_id) DO UPDATE SET version = excluded.version, time_zone = excluded.time_zone
          WHERE usage_time_zones.version < excluded.version RETURNING organization_id`,
        [organization_id, version, zone.name],
      );
      return written.length > 0;
    },
  });
}
