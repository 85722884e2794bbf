import { answered, type Api, type Schemas } from '../api/api.http.js';
import { findNumber, findTrunk } from '../api/find.http.js';
import { facts, table } from '../output/table.js';
import { command } from './command.js';

/** Trunks whose state is looked up; an installation of thousands has the dashboard for the rest. */
const SHOWN_TRUNKS = 20;

/** The first look of somebody who wants to know whether all is well. */
export const status = command('status', 'Show your organisation at a glance', {}, (context) =>
  context.show(async () => {
    const api = await context.api();
    const [user, trunks, ongoing] = await Promise.all([
      answered(api.GET('/api/v1/users/me')),
      answered(api.GET('/api/v1/sip-trunks', { params: { query: { limit: SHOWN_TRUNKS } } })),
      answered(api.GET('/api/v1/calls', { params: { query: { status: 'ongoing', limit: 1 } } })),
    ]);
    const states = await Promise.all(
      trunks.map(({ id }) => answered(api.GET('/api/v1/sip-trunks/{id}/status', { params: { path: { id } } }))),
    );
    const head = facts({
      organisation: user.organization?.name ?? 'every organisation (operator)',
      role: user.role,
      'calls now': ongoing.total,
    });
    const json = { user, calls_now: ongoing.total, trunks: states };
    return { json, text: `${head}\n\n${table(states, COLUMNS, NO_TRUNK)}`, bad: states.some(isFailed) };
  }),
);

type Status = Schemas['TrunkStatus'];

const isFailed = ({ verdict }: Status) => verdict === 'failed';

const COLUMNS = {
  trunk: (trunk: Status) => trunk.name,
  state: (trunk: Status) => trunk.verdict,
  summary: (trunk: Status) => trunk.summary,
};

const NO_TRUNK = 'There is no trunk yet; make one with: trunkmesh trunks create';

type Entry = Schemas['HistoryEntry'];

async function entityOf(api: Api, { trunk, number }: { trunk?: string | undefined; number?: string | undefined }) {
  if (trunk !== undefined) return { entity: 'trunk' as const, entity_id: (await findTrunk(api, trunk)).id };
  if (number === undefined) return {};
  return { entity: 'number' as const, entity_id: (await findNumber(api, number)).phone_number };
}

/** Who changed what. */
export const events = command(
  'events',
  'List who changed what',
  {
    limit: { type: 'number', default: 50, describe: 'How many to show at most' },
    trunk: { type: 'string', describe: 'Only of this trunk: its name or id' },
    number: { type: 'string', describe: 'Only of this phone number', conflicts: 'trunk' },
  },
  (context, { limit, trunk, number }) =>
    context.show(async () => {
      const api = await context.api();
      const of = await entityOf(api, { trunk, number });
      const found = await answered(api.GET('/api/v1/events', { params: { query: { limit, ...of } } }));
      const columns = {
        at: (entry: Entry) => entry.at,
        what: (entry: Entry) => entry.type,
        of: (entry: Entry) => entry.entity.name ?? entry.entity.id,
        by: (entry: Entry) => entry.actor.key_name ?? entry.actor.kind,
        fields: (entry: Entry) => entry.changes.map(({ field }) => field),
      };
      return { json: found, text: table(found.items, columns, 'Nothing has been changed.') };
    }),
);
