import { answered, totalOf, type Api, type Schemas } from '../api/api.http.js';
import { findNumber, findTrunk } from '../api/find.http.js';
import { facts, table } from '../output/table.js';
import { command } from './command.js';

/** Trunks whose state is shown one by one; an installation of thousands has the dashboard for the rest. */
const SHOWN_TRUNKS = 20;
const DAY_MS = 86_400_000;

/** The first look of somebody who wants to know whether all is well. */
export const status = command('status', 'Show your organisation at a glance', {}, (context) =>
  context.show(async () => {
    const api = await context.api();
    const date_from = new Date(context.now() - DAY_MS).toISOString();
    const user = await answered(api.GET('/api/v1/users/me'));
    const [{ faults, ...trunks }, states, numbers, calls, refused] = await Promise.all([
      answered(api.GET('/api/v1/trunk-states/counts')),
      statesOf(api),
      totalOf(api.GET('/api/v1/phone-numbers', { params: { query: { limit: 1 } } })),
      callsOf(api, date_from),
      totalOf(api.GET('/api/v1/refused-calls', { params: { query: { limit: 1, date_from } } })),
    ]);
    const json = { user, trunk_counts: trunks, numbers, ...calls, refused_calls_day: refused, faults, trunks: states };
    const head = facts({
      organisation: user.organization?.name ?? 'every organisation (operator)',
      role: user.role,
      trunks: `${trunks.total}: ${countsText(trunks)}`,
      numbers,
      'calls now': calls.calls_now,
      'calls in 24 hours': `${calls.calls_day}, ${calls.failed_calls_day} failed`,
      'refused before routing in 24 hours': refused,
    });
    const text = `${head}\n\n${table(states, COLUMNS, NO_TRUNK)}`;
    return { json, text, bad: trunks.failed > 0 };
  }),
);

async function callsOf(api: Api, date_from: string) {
  const total = async (query: { status?: 'ongoing' | 'failed'; date_from?: string }) =>
    (await answered(api.GET('/api/v1/calls', { params: { query: { limit: 1, ...query } } }))).total;
  const [calls_now, calls_day, failed_calls_day] = await Promise.all([
    total({ status: 'ongoing' }),
    total({ date_from }),
    total({ status: 'failed', date_from }),
  ]);
  return { calls_now, calls_day, failed_calls_day };
}

async function statesOf(api: Api): Promise<State[]> {
  const trunks = await answered(api.GET('/api/v1/sip-trunks', { params: { query: { limit: SHOWN_TRUNKS } } }));
  if (trunks.length === 0) return [];
  const ids = trunks.map(({ id }) => id).join(',');
  // Its type is what the service reads of the text: a list.
  return answered(api.GET('/api/v1/trunk-states', { params: { query: { ids: ids as never } } }));
}

type State = Schemas['TrunkState'];

const VERDICTS = ['live', 'pending', 'failed', 'unplaced', 'disabled'] as const;

const countsText = (counts: Omit<Schemas['TrunkCounts'], 'faults'>) => {
  const text = VERDICTS.map((verdict) => `${counts[verdict]} ${verdict}`).join(', ');
  return counts.judged < counts.total ? `of the first ${counts.judged} ${text}` : text;
};

const COLUMNS = {
  trunk: (trunk: State) => trunk.name,
  state: (trunk: State) => trunk.verdict,
  summary: (trunk: State) => trunk.summary,
  'what to do': (trunk: State) => trunk.hint,
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
