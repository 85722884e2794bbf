import { describe, expect, it } from '@jest/globals';
import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import { trunkEvent, trunkSettings, type TrunkSettings, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import fc from 'fast-check';
import { decide, evolve, type Place, type TrunkChange, type TrunkCommand } from './trunk.js';

const at = '2026-01-02T03:04:05.678Z';
const later = '2026-01-02T03:04:06.000Z';
const id = '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11';
const organization_id = '3a1dd5a0-2a0a-4d8c-b1a9-7f7b2a0f7b11';
const settings: TrunkSettings = trunkSettings.parse({ name: 'Carrier', gateway: 'sip.example.com', username: 'acme' });
const SEALED = 'v1.k1.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBB';
const OTHER = 'v1.k2.AAAAAAAAAAAAAAAA.CCCCCCCCCCCCCCCCCCCCCCCCCC';

const stay: Place = ({ bridge_id }) => bridge_id;
const onto =
  (bridge: string | null): Place =>
  () =>
    bridge;

/** Folds as the record does, and keeps the versions. */
function after(...commands: TrunkCommand[]): { state: TrunkState | null; version: number; events: TrunkChange[] } {
  return commands.reduce<{ state: TrunkState | null; version: number; events: TrunkChange[] }>(
    ({ state, version }, command) => {
      const events = decide(state, command, { version: version + 1, at: version === 0 ? at : later });
      return { state: events.reduce<TrunkState | null>(evolve, state), version: version + events.length, events };
    },
    { state: null, version: 0, events: [] },
  );
}

const create = (more: Partial<Extract<TrunkCommand, { type: 'CreateTrunk' }>> = {}): TrunkCommand => ({
  type: 'CreateTrunk',
  id,
  organization_id,
  settings,
  enabled: true,
  password: SEALED,
  place: stay,
  ...more,
});
const change = (
  changes: Partial<TrunkSettings>,
  more: Partial<Extract<TrunkCommand, { type: 'ChangeTrunk' }>> = {},
): TrunkCommand => ({ type: 'ChangeTrunk', settings: { ...settings, ...changes }, place: stay, ...more });
const typesOf = (events: readonly TrunkChange[]) => events.map(({ type }) => type);

describe('creating a trunk', () => {
  it('without a bridge that is alive: not placed', () => {
    const { state, events } = after(create());
    expect(typesOf(events)).toEqual(['TrunkCreated']);
    expect(state).toEqual({
      ...settings,
      id,
      organization_id,
      enabled: true,
      password: SEALED,
      bridge_id: null,
      gateway_revision: 1,
      created_at: at,
      updated_at: at,
      address_claims: [],
    });
  });
  it('with a bridge: placed in the same breath, under the revision that the placement has', () => {
    const { state, events } = after(create({ place: onto('b1') }));
    expect(typesOf(events)).toEqual(['TrunkCreated', 'TrunkPlaced']);
    expect(state).toMatchObject({ bridge_id: 'b1', gateway_revision: 2 });
  });
  it.each([
    ['disabled', { enabled: false }],
    ['trusted by address', { settings: { ...settings, register: false } }],
  ])('%s: has no owner', (_title, more) => {
    expect(typesOf(after(create({ place: onto('b1'), ...more })).events)).toEqual(['TrunkCreated']);
  });
  it('with an id that is taken is refused', () =>
    expect(() => after(create(), create())).toThrow(expect.objectContaining({ code: 'conflict' })));
});

describe('changing a trunk', () => {
  it('that differs in nothing writes nothing', () => expect(after(create(), change({})).events).toEqual([]));
  it('names the fields', () =>
    expect(after(create(), change({ name: 'Other', priority: 3 })).events).toMatchObject([
      { type: 'TrunkUpdated', change: { fields: ['name', 'priority'] } },
    ]));
  it('of its password alone is a change of credentials', () => {
    const { events, state } = after(create(), change({}, { password: OTHER }));
    expect(events).toMatchObject([{ type: 'TrunkCredentialsChanged', change: { reason: 'changed' } }]);
    expect(state).toMatchObject({ password: OTHER, gateway_revision: 2, updated_at: later });
  });
  it('of its password with others is one event: no gateway in between has the old password', () => {
    expect(after(create(), change({ gateway: 'other.example.com' }, { password: OTHER })).events).toMatchObject([
      {
        type: 'TrunkUpdated',
        change: { fields: ['gateway', 'password'] },
        state: { password: OTHER, gateway: 'other.example.com', gateway_revision: 2 },
      },
    ]);
  });
  it('keeps the password when none is said', () =>
    expect(after(create(), change({ name: 'x' })).state).toMatchObject({ password: SEALED }));
  it('takes the password away', () =>
    expect(after(create(), change({ register: false }, { password: null })).state).toMatchObject({ password: null }));
  it('and enabling it: enabled last', () =>
    expect(
      typesOf(
        after(create({ enabled: false }), change({ gateway: 'x.example.com' }, { enabled: true, place: onto('b1') }))
          .events,
      ),
    ).toEqual(['TrunkUpdated', 'TrunkEnabled', 'TrunkPlaced']));
  it('and disabling it: disabled first', () =>
    expect(typesOf(after(create(), change({ gateway: 'x.example.com' }, { enabled: false })).events)).toEqual([
      'TrunkDisabled',
      'TrunkUpdated',
    ]));
  it('to another pool asks for another owner', () => {
    expect(
      after(create({ place: onto('b1') }), change({ bridge_pool: 'eu' }, { place: onto('e1') })).events,
    ).toMatchObject([
      { type: 'TrunkUpdated' },
      { type: 'TrunkPlaced', change: { bridge_id: 'e1', from: 'b1' }, state: { bridge_id: 'e1', gateway_revision: 4 } },
    ]);
  });
  it('to trust by address leaves its owner', () =>
    expect(
      after(create({ place: onto('b1') }), change({ register: false }, { place: onto('b1') })).state,
    ).toMatchObject({ bridge_id: null, gateway_revision: 3 }));
  it('to register gets an owner', () =>
    expect(
      typesOf(after(create({ settings: { ...settings, register: false } }), change({}, { place: onto('b1') })).events),
    ).toEqual(['TrunkUpdated', 'TrunkPlaced']));
  it('that is gone is refused', () =>
    expect(() => after(create(), { type: 'DeleteTrunk' }, change({}))).toThrow(
      expect.objectContaining({ code: 'trunk-not-found' }),
    ));
});

describe('what a trunk claims', () => {
  const literal = { ...settings, gateway: '198.51.100.7', inbound_addresses: ['203.0.0.0/16'] };
  const claimed = ({ state }: { state: TrunkState | null }) => state?.address_claims;

  it('is dated when it is first set, and approved where an operator set it', () => {
    expect(claimed(after(create({ settings: literal })))).toEqual([
      { network: '198.51.100.7/32', via: 'gateway', since: at },
      { network: '203.0.0.0/16', via: 'inbound', since: at },
    ]);
    expect(claimed(after(create({ settings: literal, approved: true })))).toMatchObject([
      { approved: true },
      { approved: true },
    ]);
    expect(
      claimed(
        after(
          create({ settings: literal }),
          change({ ...literal, inbound_addresses: ['203.0.0.0/16', '192.0.2.1'] }, { approved: true }),
        ),
      ),
    ).toEqual([
      { network: '198.51.100.7/32', via: 'gateway', since: at },
      { network: '203.0.0.0/16', via: 'inbound', since: at },
      { network: '192.0.2.1/32', via: 'inbound', since: later, approved: true },
    ]);
  });

  it('stays through whatever else happens to it', () => {
    const { state } = after(
      create({ settings: literal }),
      { type: 'DisableTrunk' },
      { type: 'EnableTrunk', place: onto('b1') },
      { type: 'PlaceTrunk', bridge_id: 'b2' },
      change({ ...literal, name: 'Other' }),
      { type: 'ReencryptPassword', password: OTHER },
    );
    expect(claimed({ state })).toMatchObject([{ since: at }, { since: at }]);
  });

  it('from before claims were recorded is recorded with the next change of settings, since the creation', () => {
    const { address_claims: _, ...old } = after(create({ settings: literal })).state!;
    const { state } = { state: decide(old, { type: 'DisableTrunk' }, { version: 2, at: later })[0]!.state };
    expect(state).not.toHaveProperty('address_claims');
    expect(decide(old, change({ ...literal, name: 'Other' }), { version: 2, at: later })[0]!.state).toMatchObject({
      address_claims: [{ since: at }, { since: at }],
    });
    expect(decide(old, change(literal), { version: 2, at: later })).toEqual([]);
  });

  it("by its gateway's name is recorded when the name leads elsewhere; FreeSWITCH's gateway is the same", () => {
    const resolve = (...networks: string[]): TrunkCommand => ({ type: 'ResolveTrunk', networks });
    const { state, events } = after(
      create(),
      resolve('203.0.113.5/32'),
      resolve('203.0.113.5/32'),
      resolve('203.0.113.6/32', '203.0.113.5/32'),
      resolve('203.0.113.6/32'),
    );
    expect(events).toMatchObject([{ type: 'TrunkResolved', change: { added: [], removed: ['203.0.113.5/32'] } }]);
    expect(state).toMatchObject({
      gateway_revision: 1,
      address_claims: [{ network: '203.0.113.6/32', via: 'name', since: later }],
    });
    expect(after(create(), resolve('203.0.113.5/32'), resolve('203.0.113.5/32')).events).toEqual([]);
  });
});

describe("the gateway's revision", () => {
  it.each<[keyof TrunkSettings, unknown]>([
    ['gateway', 'b.example.com'],
    ['username', 'x'],
    ['transport', 'tcp'],
    ['srtp', 'required'],
    ['realm', 'r'],
    ['from_domain', 'f.example.com'],
    ['auth_username', 'a'],
    ['expires_seconds', 60],
    ['ping_seconds', 30],
    ['codecs', ['PCMA']],
    ['headers', { 'X-A': 'b' }],
    ['bridge_pool', 'eu'],
    ['register', false],
  ])('moves with %s', (field, value) =>
    expect(after(create(), change({ [field]: value })).state).toMatchObject({ gateway_revision: 2 }),
  );

  it.each<[keyof TrunkSettings, unknown]>([
    ['name', 'x'],
    ['priority', 1],
    ['provider', 'p'],
    ['inbound_addresses', ['192.0.2.1']],
    ['default_country', 'US'],
    ['number_rules', [{ direction: 'inbound', prefix: '0', min_length: 0, max_length: 32, strip: 1, add: '+1' }]],
    ['max_channels', 5],
    ['max_cps', 1],
    ['outbound_country_codes', ['US']],
    ['ring_timeout_seconds', 20],
    ['failover_statuses', [503]],
    ['queue_seconds', 5],
    ['queue_length', 7],
    ['identity', { ...OUTBOUND_DEFAULTS.identity, privacy: 'id' }],
  ])("stays with %s: FreeSWITCH's gateway is the same", (field, value) =>
    expect(after(create(), change({ [field]: value })).state).toMatchObject({ gateway_revision: 1, updated_at: later }),
  );

  it('stays with the defaults of settings that the trunk of an earlier version lacks: nothing has changed', () => {
    const { identity: _, ring_timeout_seconds: __, failover_statuses: ___, ...earlier } = after(create()).state!;
    const sent = trunkSettings.parse(earlier);
    const command: TrunkCommand = { type: 'ChangeTrunk', settings: sent, place: () => null };
    expect(decide(earlier, command, { at: later, version: 2 })).toEqual([]);
  });

  it('stays when the password is sealed again', () => {
    const { state, events } = after(create(), { type: 'ReencryptPassword', password: OTHER });
    expect(events).toMatchObject([{ type: 'TrunkCredentialsChanged', change: { reason: 'reencrypted' } }]);
    expect(state).toMatchObject({ password: OTHER, gateway_revision: 1 });
  });
  it('stays when it is disabled', () =>
    expect(after(create(), { type: 'DisableTrunk' }).state).toMatchObject({ enabled: false, gateway_revision: 1 }));
  it('moves when it is enabled again: the old gateway may still be going away', () =>
    expect(after(create(), { type: 'DisableTrunk' }, { type: 'EnableTrunk', place: stay }).state).toMatchObject({
      enabled: true,
      gateway_revision: 3,
    }));
  it('moves when another bridge gets it', () =>
    expect(after(create({ place: onto('b1') }), { type: 'PlaceTrunk', bridge_id: 'b2' }).state).toMatchObject({
      bridge_id: 'b2',
      gateway_revision: 3,
    }));

  it('never goes back, is never ahead of the version, and is new whenever the gateway is', () => {
    const patch = fc.record(
      {
        name: fc.constantFrom('a', 'b'),
        gateway: fc.constantFrom('a.example.com', 'b.example.com'),
        register: fc.boolean(),
        priority: fc.nat(3),
      },
      { requiredKeys: [] },
    );
    const command: fc.Arbitrary<TrunkCommand> = fc.oneof(
      fc
        .tuple(
          patch,
          fc.option(fc.boolean(), { nil: undefined }),
          fc.constantFrom(undefined, null, SEALED, OTHER),
          fc.constantFrom(null, 'b1', 'b2'),
        )
        .map(([changes, enabled, password, bridge]) => change(changes, { enabled, password, place: onto(bridge) })),
      fc.constantFrom(null, 'b1', 'b2').map((bridge): TrunkCommand => ({ type: 'EnableTrunk', place: onto(bridge) })),
      fc.constant<TrunkCommand>({ type: 'DisableTrunk' }),
      fc.constantFrom(null, 'b1', 'b2').map((bridge_id): TrunkCommand => ({ type: 'PlaceTrunk', bridge_id })),
    );
    const rendered = (state: TrunkState) =>
      JSON.stringify([
        state.gateway,
        state.username,
        state.password,
        state.register,
        state.bridge_id,
        state.bridge_pool,
      ]);
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        let { state, version } = after(create());
        for (const next of commands) {
          for (const event of decide(state, next, { version: version + 1, at: later })) {
            version += 1;
            const before = state!;
            state = event.state as TrunkState;
            expect(state.gateway_revision).toBeGreaterThanOrEqual(before.gateway_revision);
            expect(state.gateway_revision).toBeLessThanOrEqual(version);
            if (rendered(state) !== rendered(before) || (state.enabled && !before.enabled))
              expect(state.gateway_revision).toBe(version);
            const envelope = {
              specversion: '1.0',
              id,
              source: 'test',
              subject: 's',
              time: at,
              datacontenttype: 'application/json',
              entityversion: version,
            };
            expect(
              trunkEvent.safeParse({
                ...envelope,
                type: event.type,
                data: { change: event.change, state: event.state },
              }).success,
            ).toBe(true);
          }
        }
      }),
    );
  });
});

describe('the others', () => {
  it('enable twice is once', () => expect(after(create(), { type: 'EnableTrunk', place: stay }).events).toEqual([]));
  it('disable twice is once', () =>
    expect(after(create(), { type: 'DisableTrunk' }, { type: 'DisableTrunk' }).events).toEqual([]));
  it('enabling finds an owner where the old one is gone', () =>
    expect(
      typesOf(
        after(create({ place: onto('b1') }), { type: 'DisableTrunk' }, { type: 'EnableTrunk', place: onto('b2') })
          .events,
      ),
    ).toEqual(['TrunkEnabled', 'TrunkPlaced']));
  it('a disabled trunk is not placed', () =>
    expect(after(create(), { type: 'DisableTrunk' }, { type: 'PlaceTrunk', bridge_id: 'b1' }).events).toEqual([]));
  it('deleted is gone', () =>
    expect(after(create(), { type: 'DeleteTrunk' })).toMatchObject({
      state: null,
      events: [{ type: 'TrunkDeleted', state: null }],
    }));
  it('a trunk without password is not sealed again', () =>
    expect(after(create({ password: null }), { type: 'ReencryptPassword', password: OTHER }).events).toEqual([]));
});
