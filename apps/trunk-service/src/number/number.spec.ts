import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { sealedText } from '../call-settings/seal-fixture.js';
import { decide, evolve, NEW_NUMBER, same, type NumberCommand, type NumberFields } from './number.js';

const ID = '01890000-0000-7000-8000-000000000001';
const ORG = '01890000-0000-7000-8000-0000000000aa';
const TRUNK = '01890000-0000-7000-8000-0000000000b1';
const OTHER_TRUNK = '01890000-0000-7000-8000-0000000000b2';
const T0 = '2026-01-01T00:00:00.000Z';
const T1 = '2026-01-02T00:00:00.000Z';
const assistant = { kind: 'assistant', id: 42, name: 'Reception', is_active: true } as const;

const add = (fields: Partial<NumberFields> = {}): NumberCommand => ({
  type: 'AddNumber',
  id: ID,
  organization_id: ORG,
  phone_number: '+15551234567',
  fields: { ...NEW_NUMBER, ...fields },
  at: T0,
});
const change = (changes: Partial<NumberFields>): NumberCommand => ({ type: 'ChangeNumber', changes, at: T1 });

const given = (...commands: NumberCommand[]) => ({
  state: commands.reduce<NumberState | null>((state, command) => decide(state, command).reduce(evolve, state), null),
  when(command: NumberCommand) {
    return decide(this.state, command);
  },
});

describe('a phone number', () => {
  it('is added with what it was given', () => {
    const [event, ...rest] = given().when(add({ sip_trunk_id: TRUNK, target: assistant }));
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      type: 'NumberAdded',
      state: { phone_number: '+15551234567', sip_trunk_id: TRUNK, target: assistant, created_at: T0, updated_at: T0 },
    });
    expect(numberState.parse(event!.state)).toEqual(event!.state);
  });

  it('is not added twice', () =>
    expect(() => given(add()).when(add())).toThrow(expect.objectContaining({ code: 'duplicate-number' })));
  it('can be added again after its removal', () =>
    expect(given(add(), { type: 'RemoveNumber' }).when(add())).toMatchObject([{ type: 'NumberAdded' }]));
  it('that does not exist cannot be changed or removed', () => {
    expect(() => given().when(change({ is_active: false }))).toThrow(
      expect.objectContaining({ code: 'number-not-found' }),
    );
    expect(() => given().when({ type: 'RemoveNumber' })).toThrow(expect.objectContaining({ code: 'number-not-found' }));
  });

  it('is assigned to a trunk', () =>
    expect(given(add()).when(change({ sip_trunk_id: TRUNK }))).toMatchObject([
      { type: 'NumberAssigned', change: { sip_trunk_id: TRUNK }, state: { sip_trunk_id: TRUNK, updated_at: T1 } },
    ]));
  it('moves from one trunk to another in one event', () =>
    expect(given(add({ sip_trunk_id: TRUNK })).when(change({ sip_trunk_id: OTHER_TRUNK }))).toMatchObject([
      { type: 'NumberAssigned', change: { sip_trunk_id: OTHER_TRUNK } },
    ]));
  it('is taken off its trunk', () =>
    expect(given(add({ sip_trunk_id: TRUNK })).when(change({ sip_trunk_id: null }))).toMatchObject([
      { type: 'NumberUnassigned', change: { sip_trunk_id: TRUNK }, state: { sip_trunk_id: null } },
    ]));
  it('loses its assistant', () =>
    expect(given(add({ target: assistant })).when(change({ target: null }))).toMatchObject([
      { type: 'NumberAssigned', change: { target: null }, state: { target: null } },
    ]));
  it('tells a change of name, of assistant and of trunk apart', () =>
    expect(
      given(add({ sip_trunk_id: TRUNK }))
        .when(change({ friendly_name: 'Main', target: assistant, sip_trunk_id: null }))
        .map((event) => event.type),
    ).toEqual(['NumberUpdated', 'NumberAssigned', 'NumberUnassigned']));
  it('writes nothing where nothing changes', () =>
    expect(
      given(add({ sip_trunk_id: TRUNK, target: assistant, capabilities: { voice: true, sms: false } })).when(
        change({
          sip_trunk_id: TRUNK,
          target: { ...assistant },
          capabilities: { sms: false, voice: true },
          is_active: true,
        }),
      ),
    ).toEqual([]));
  it('has the call settings that are set for it alone, behind what routing reads', () => {
    const call_settings = { media_url: 'wss://a.example.com/x', record: false };
    const [added] = given().when(add({ call_settings }));
    expect(Object.keys(added!.state!)).toEqual(Object.keys(numberState.parse(added!.state)));
    const [changed] = given(add({ target: assistant })).when(change({ call_settings }));
    expect(changed).toMatchObject({
      type: 'NumberUpdated',
      change: { fields: ['call_settings'] },
      state: { call_settings, updated_at: T1 },
    });
    expect(Object.keys(changed!.state!)).toEqual(Object.keys(numberState.parse(changed!.state)));
    expect(
      given(add({ call_settings })).when(
        change({ call_settings: { record: false, media_url: 'wss://a.example.com/x' } }),
      ),
    ).toEqual([]);
  });
  it('without call settings has no trace of them', () => {
    expect(given().when(add({ call_settings: {} }))[0]!.state).not.toHaveProperty('call_settings');
    expect(given(add()).when(change({ call_settings: {} }))).toEqual([]);
    const [cleared] = given(add({ call_settings: { record: true } })).when(change({ call_settings: {} }));
    expect(cleared).toMatchObject({ type: 'NumberUpdated', change: { fields: ['call_settings'] } });
    expect(cleared!.state).not.toHaveProperty('call_settings');
  });
  it('has its secret under another key without a change of anything', () => {
    const [before, after] = [sealedText('secret', ID), sealedText('again', ID)];
    expect(
      given(add({ call_settings: { record: true, signing_secret: before } })).when({
        type: 'ReencryptSecret',
        signing_secret: after,
        at: T1,
      }),
    ).toMatchObject([
      {
        type: 'NumberUpdated',
        change: { fields: [] },
        state: { call_settings: { record: true, signing_secret: after } },
      },
    ]);
    expect(given(add()).when({ type: 'ReencryptSecret', signing_secret: after, at: T1 })).toEqual([]);
  });
  it('leaves nothing behind', () =>
    expect(given(add()).when({ type: 'RemoveNumber' })).toEqual([{ type: 'NumberRemoved', change: {}, state: null }]));
});

const fields = fc.record<Partial<NumberFields>>(
  {
    friendly_name: fc.option(fc.constantFrom('Main', 'Support')),
    is_active: fc.boolean(),
    sip_trunk_id: fc.option(fc.constantFrom(TRUNK, OTHER_TRUNK)),
    allowed_country_codes: fc.option(fc.subarray(['US', 'DE', 'GB'])),
    target: fc.option(
      fc.record({
        kind: fc.constantFrom('assistant' as const, 'flow' as const),
        id: fc.integer({ min: 1, max: 3 }),
        name: fc.constant(null),
        is_active: fc.boolean(),
      }),
    ),
    call_settings: fc.record(
      {
        media_url: fc.constantFrom('wss://a.example.com', 'wss://b.example.com'),
        record: fc.boolean(),
        max_call_seconds: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

describe('whatever is asked of a number', () => {
  it('the last event holds exactly the fields asked for, and asking again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 8 }), fields, (history, changes) => {
        const { state } = given(add(), ...history.map(change));
        const after = decide(state, change(changes)).reduce(evolve, state)!;
        for (const [field, value] of Object.entries(changes))
          expect(same(after[field as keyof NumberFields] ?? (field === 'call_settings' ? {} : null), value)).toBe(true);
        expect(decide(after, change(changes))).toEqual([]);
        expect(numberState.parse(after)).toEqual(after);
      }),
    );
  });
});
