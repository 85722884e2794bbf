import { answered, type Schemas } from '../api/api.http.js';
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

/** Who changed what. */
export const events = command(
  'events',
  'List who changed what',
  {
    limit: { type: 'number', default: 50, describe: 'How many to show at most' },
    entity: { type: 'string', describe: 'The id of a trunk or number, or a number in digits' },
  },
  (context, { limit, entity }) =>
    context.show(async () => {
      const query = { limit, ...(entity && { entity_id: entity }) };
      const found = await answered((await context.api()).GET('/api/v1/events', { params: { query } }));
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
