import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { CarrierFormat, CarrierFormatBody } from './carrier-format.js';
import { PRESETS } from './presets.js';

const MOST_FORMATS = 100;

interface FormatRow {
  name: string;
  format: CarrierFormatBody;
}

const formatOf = ({ name, format }: FormatRow): CarrierFormat => ({ name, preset: false, confirmed: true, ...format });
const notFound = (name: string) =>
  new DomainError(
    'carrier-format-not-found',
    `There is no format "${name}". GET /api/v1/usage/carrier-formats lists those that there are.`,
  );

/** The organisation's own, and the presets that it has not replaced; by name. */
export async function listFormats(store: EventStore, organizationId: string): Promise<CarrierFormat[]> {
  const rows = await store.query<FormatRow>('select name, format from carrier_formats where organization_id = $1', [
    organizationId,
  ]);
  const own = new Set(rows.map(({ name }) => name));
  return [...rows.map(formatOf), ...PRESETS.filter(({ name }) => !own.has(name))].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

/** @throws DomainError carrier-format-not-found */
export async function findFormat(store: EventStore, organizationId: string, name: string): Promise<CarrierFormat> {
  const [row] = await store.query<FormatRow>(
    'select name, format from carrier_formats where organization_id = $1 and name = $2',
    [organizationId, name],
  );
  const found = row === undefined ? PRESETS.find((preset) => preset.name === name) : formatOf(row);
  if (found === undefined) throw notFound(name);
  return found;
}

/** @throws DomainError quota-exceeded */
export async function putFormat(store: EventStore, organizationId: string, row: FormatRow): Promise<CarrierFormat> {
  const written = await store.query(
    `insert into carrier_formats (organization_id, name, format) select $1, $2, $3 where (select count(*) from
      carrier_formats where organization_id = $1 and name <> $2) < $4
    on conflict (organization_id, name) do update set format = excluded.format returning name`,
    [organizationId, row.name, JSON.stringify(row.format), MOST_FORMATS],
  );
  if (written.length === 0)
    throw new DomainError(
      'quota-exceeded',
      `The organisation has ${MOST_FORMATS} formats, as many as are kept. Delete one that is not needed any more.`,
    );
  return formatOf(row);
}

/** @throws DomainError carrier-format-not-found */
export async function deleteFormat(store: EventStore, organizationId: string, name: string): Promise<void> {
  const deleted = await store.query(
    `with gone as (delete from carrier_formats where organization_id = $1 and name = $2 returning name)
    select from gone`,
    [organizationId, name],
  );
  if (deleted.length === 0) throw notFound(name);
}
