import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { organizationState, type OrganizationState } from '@trunkmesh/contracts/organization.js';
import { numberSubject, organizationSubject, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { decide as decideNumber } from '../number/number.js';
import { decide as decideOrganization } from '../organization/organization.js';
import type { DecidedEvent } from '../event-store/decided.js';
import type { StateSchema, Work } from '../event-store/handle.pg.js';
import { decide as decideTrunk } from '../trunk/trunk.js';

/** A row of a read model, by what makes its entity's subject. */
export interface Row {
  id: string;
  organization_id: string;
  phone_number: string;
}

/**
 * An entity with a sealed secret; `reseal` records the same one under another key, and gives the number of events that
 * it takes.
 */
export interface Kept {
  id: string;
  secret: string;
  reseal(again: string): number | Promise<number>;
}

/** A kind of entity that keeps a secret: where its read model has it, and how its events do. */
export interface Keeper {
  kind: 'organization' | 'trunk' | 'number' | 'notification-channel';
  table: string;
  columns: string;
  /** SQL: the sealed text, null where there is none. */
  sealed: string;
  load(work: Work, rows: readonly Row[]): Promise<Kept[]>;
}

interface KeeperDescription<State> {
  subjectOf: (row: Row) => string;
  schema: StateSchema<State>;
  secretOf: (state: State) => string | null | undefined;
  reencrypt: (
    state: State,
    again: string,
    next: { version: number; at: string },
  ) => readonly (DecidedEvent & { state: State | null })[];
}

const CALL_SECRET = `state #>> '{call_settings,signing_secret}'`;

/** Every secret that is kept, in events or in a table of its own. */
export const KEEPERS: readonly Keeper[] = [
  keeper<OrganizationState>(
    { kind: 'organization', table: 'organizations', columns: 'id', sealed: CALL_SECRET },
    {
      subjectOf: ({ id }) => organizationSubject(id),
      schema: organizationState,
      secretOf: (state) => state.call_settings?.signing_secret,
      reencrypt: (state, signing_secret, { at }) =>
        decideOrganization(state, { type: 'ReencryptSecret', signing_secret, at }),
    },
  ),
  keeper<TrunkState>(
    { kind: 'trunk', table: 'trunks', columns: 'id, organization_id', sealed: `state->>'password'` },
    {
      subjectOf: ({ organization_id, id }) => trunkSubject(organization_id, id),
      schema: trunkState,
      secretOf: (state) => state.password,
      reencrypt: (state, password, next) => decideTrunk(state, { type: 'ReencryptPassword', password }, next),
    },
  ),
  keeper<NumberState>(
    { kind: 'number', table: 'numbers', columns: 'id, organization_id, phone_number', sealed: CALL_SECRET },
    {
      subjectOf: ({ organization_id, phone_number }) => numberSubject(organization_id, phone_number),
      schema: numberState,
      secretOf: (state) => state.call_settings?.signing_secret,
      reencrypt: (state, signing_secret, { at }) =>
        decideNumber(state, { type: 'ReencryptSecret', signing_secret, at }),
    },
  ),
  {
    kind: 'notification-channel',
    table: 'notification_channels',
    columns: 'id',
    sealed: 'sealed',
    load: loadChannels,
  },
];

/** Channels have no events: their rows are their record. */
async function loadChannels({ manager }: Work, rows: readonly Row[]): Promise<Kept[]> {
  const channels = (await manager.query(
    `select id, sealed as secret from notification_channels
     where id = any($1::uuid[]) and sealed is not null for update`,
    [rows.map(({ id }) => id)],
  )) as Pick<Kept, 'id' | 'secret'>[];
  return channels.map((channel) => ({
    ...channel,
    reseal: async (again) => {
      await manager.query('update notification_channels set sealed = $2 where id = $1', [channel.id, again]);
      return 1;
    },
  }));
}

function keeper<State extends { id: string }>(
  where: Omit<Keeper, 'load'>,
  { subjectOf, schema, secretOf, reencrypt }: KeeperDescription<State>,
): Keeper {
  return {
    ...where,
    load: async (work, rows) => {
      const loaded = await work.loadMany<State>(rows.map(subjectOf), schema);
      return [...loaded.values()].flatMap((before) => {
        const { state } = before;
        const secret = state && secretOf(state);
        // Taken away, or deleted, since the list was read.
        if (state === null || secret == null) return [];
        const reseal = (again: string) => {
          const events = reencrypt(state, again, work.next(before));
          work.append(before, events);
          return events.length;
        };
        return [{ id: state.id, secret, reseal }];
      });
    },
  };
}
