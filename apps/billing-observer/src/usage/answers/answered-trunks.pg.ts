import type { AnsweredTrunksQuery } from '@trunkmesh/contracts/answered-trunks.js';
import type { DataSource } from 'typeorm';

/** Bytes of an id in a JSON array: its 36 characters, the quotation marks and a comma. */
const ID_BYTES = 39;
const AROUND_BYTES = 200;

/** The trunks with an answered call since the day `from`, from the aggregates; as many as `maxBytes` hold. */
export async function answeredTrunks(
  dataSource: Pick<DataSource, 'query'>,
  { organization_id, from, after }: AnsweredTrunksQuery,
  maxBytes: number,
): Promise<string> {
  const limit = Math.floor((maxBytes - AROUND_BYTES) / ID_BYTES);
  const rows: { key: string }[] = await dataSource.query(
    `SELECT key FROM usage_days WHERE organization_id = $1 AND dimension = 'trunk' AND day >= $2 AND answered <> 0
       AND key COLLATE "C" > $3
     GROUP BY key HAVING sum(answered) > 0 ORDER BY key COLLATE "C" LIMIT $4`,
    [organization_id, from, after ?? '', limit],
  );
  const trunk_ids = rows.map(({ key }) => key);
  const next = trunk_ids.length === limit ? trunk_ids.at(-1) : null;
  return JSON.stringify({ outcome: 'trunks', trunk_ids, next });
}
