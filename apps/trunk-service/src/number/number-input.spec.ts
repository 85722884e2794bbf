import { describe, expect, it } from '@jest/globals';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { sealedText, sealForTest } from '../call-settings/seal-fixture.js';
import { NEW_NUMBER } from './number.js';
import {
  assignNumber,
  newFields as newFieldsOf,
  NUMBER_SCHEMAS,
  patchFields as patchFieldsOf,
  presentNumber,
  putFields as putFieldsOf,
  type NumberInput,
} from './number-input.js';

const { create: createNumber, change: changeNumber } = NUMBER_SCHEMAS;
const NEW_ID = '01890000-0000-7000-8000-0000000000c1';
const newFields = (input: NumberInput) => newFieldsOf(input, NEW_ID, sealForTest);
const patchFields = (input: NumberInput, before: NumberState) => patchFieldsOf(input, before, sealForTest);
const putFields = (input: NumberInput, before: NumberState) => putFieldsOf(input, before, sealForTest);
const TRUNK = '01890000-0000-7000-8000-0000000000b1';
const messages = (schema: { safeParse: typeof createNumber.safeParse }, value: unknown) =>
  schema.safeParse(value).error?.issues.map((issue) => `/${issue.path.join('/')} ${issue.message}`);
const number = (over: Partial<NumberState> = {}): NumberState => ({
  id: '01890000-0000-7000-8000-000000000001',
  organization_id: '01890000-0000-7000-8000-0000000000aa',
  phone_number: '+15551234567',
  ...NEW_NUMBER,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  ...over,
});
const reception = { kind: 'assistant', id: 42, name: 'Reception', is_active: false } as const;

describe('a number that is added', () => {
  it('is brought to E.164 and gets the defaults', () => {
    const input = createNumber.parse({ phone_number: '+1 (555) 123-4567' });
    expect(input.phone_number).toBe('+15551234567');
    expect(newFields(input)).toMatchObject({
      is_active: true,
      sip_trunk_id: null,
      target: null,
      allowed_country_codes: null,
    });
  });

  it('takes an assistant or a flow', () => {
    expect(newFields(createNumber.parse({ phone_number: '+15551234567', assistant_id: 42 })).target).toEqual({
      kind: 'assistant',
      id: 42,
      name: null,
      is_active: true,
    });
    expect(
      newFields(createNumber.parse({ phone_number: '+15551234567', flow: { id: 7, name: 'Menu' } })).target,
    ).toEqual({ kind: 'flow', id: 7, name: 'Menu', is_active: true });
  });

  it('takes countries in any spelling, each once', () =>
    expect(
      createNumber.parse({ phone_number: '+15551234567', allowed_country_codes: ['us', 'DE', 'US'] })
        .allowed_country_codes,
    ).toEqual(['US', 'DE']));

  it.each<[string, object, RegExp]>([
    ['no number', {}, /^\/phone_number /],
    ['a number that is none', { phone_number: '123' }, /^\/phone_number must begin with "\+"/],
    ['both', { phone_number: '+15551234567', assistant_id: 1, flow_id: 2 }, /^\/flow_id .*not to both/],
    [
      'two assistants',
      { phone_number: '+15551234567', assistant_id: 1, assistant: { id: 2 } },
      /^\/assistant_id does not agree/,
    ],
    ['an id that is no integer', { phone_number: '+15551234567', assistant_id: 1.5 }, /^\/assistant_id /],
    ['an id beyond what JSON carries', { phone_number: '+15551234567', flow_id: 2 ** 53 }, /^\/flow_id /],
    ['a trunk that is no id', { phone_number: '+15551234567', sip_trunk_id: 'my trunk' }, /^\/sip_trunk_id /],
    [
      'a country that is none',
      { phone_number: '+15551234567', allowed_country_codes: ['USA'] },
      /^\/allowed_country_codes\/0 must be an ISO 3166-1/,
    ],
    [
      'a URL of another kind',
      { phone_number: '+15551234567', media_url: 'https://a.example.com' },
      /^\/media_url must be a URL that begins with ws/,
    ],
    [
      'a short secret',
      { phone_number: '+15551234567', signing_secret: 'short' },
      /^\/signing_secret must have at least 16/,
    ],
    ['a misspelt field', { phone_number: '+15551234567', friendlyname: 'x' }, /friendlyname/],
    [
      'control characters',
      { phone_number: '+15551234567', friendly_name: 'a\nb' },
      /^\/friendly_name must not contain control/,
    ],
  ])('is refused with %s', (_what, body, message) =>
    expect(messages(createNumber, body)).toEqual(expect.arrayContaining([expect.stringMatching(message)])),
  );
});

describe('a change', () => {
  it('of some fields leaves the others', () =>
    expect(patchFields(changeNumber.parse({ friendly_name: 'Main' }), number({ target: reception }))).toEqual({
      friendly_name: 'Main',
    }));
  it('of the whole clears what it does not name', () =>
    expect(
      putFields(changeNumber.parse({ friendly_name: 'Main' }), number({ target: reception, sip_trunk_id: TRUNK })),
    ).toEqual({ ...NEW_NUMBER, friendly_name: 'Main', call_settings: {} }));
  it.each(['', null])('clears the trunk with %j', (sip_trunk_id) =>
    expect(patchFields(assignNumber.parse({ sip_trunk_id }), number())).toEqual({ sip_trunk_id: null }),
  );
  it(
    'of the call settings: PATCH changes what it names, null clears; PUT clears the rest; neither touches a ' +
      'secret that it does not name',
    () => {
      const call_settings = {
        media_url: 'wss://a.example.com',
        record: true,
        signing_secret: sealedText('old', number().id),
      };
      expect(patchFields(changeNumber.parse({ friendly_name: 'Main' }), number({ call_settings }))).not.toHaveProperty(
        'call_settings',
      );
      expect(
        patchFields(changeNumber.parse({ record: null, max_call_seconds: 60 }), number({ call_settings }))
          .call_settings,
      ).toEqual({
        media_url: 'wss://a.example.com',
        max_call_seconds: 60,
        signing_secret: call_settings.signing_secret,
      });
      expect(putFields(changeNumber.parse({ record: false }), number({ call_settings })).call_settings).toEqual({
        record: false,
        signing_secret: call_settings.signing_secret,
      });
      expect(putFields(changeNumber.parse({}), number()).call_settings).toEqual({});
    },
  );
  it("of the secret seals it with the number's id", () => {
    expect(
      newFields(createNumber.parse({ phone_number: '+15551234567', signing_secret: 'a-secret-of-a-test' }))
        .call_settings,
    ).toEqual({ signing_secret: sealedText('a-secret-of-a-test', NEW_ID) });
    expect(
      patchFields(
        changeNumber.parse({ signing_secret: '' }),
        number({ call_settings: { signing_secret: sealedText('x', number().id) } }),
      ).call_settings,
    ).toEqual({});
  });
  it('keeps what is known of an assistant that stays', () =>
    expect(patchFields(changeNumber.parse({ assistant_id: 42 }), number({ target: reception })).target).toEqual(
      reception,
    ));
  it('replaces an assistant by a flow', () =>
    expect(
      patchFields(assignNumber.parse({ assistant_id: null, flow_id: 7 }), number({ target: reception })).target,
    ).toMatchObject({ kind: 'flow', id: 7 }));
  it('clears the assistant', () =>
    expect(patchFields(assignNumber.parse({ assistant_id: null }), number({ target: reception }))).toEqual({
      target: null,
    }));
  it('that clears the assistant leaves a flow', () =>
    expect(
      patchFields(assignNumber.parse({ assistant_id: null }), number({ target: { ...reception, kind: 'flow' } })),
    ).toEqual({}));
  it('understands what it was answered', () => {
    const before = number({
      target: reception,
      sip_trunk_id: TRUNK,
      friendly_name: 'Main',
      call_settings: { media_url: 'wss://a.example.com', record: false, signing_secret: sealedText('x', number().id) },
    });
    const { phone_number, ...again } = changeNumber.parse(presentNumber(before));
    expect(phone_number).toBe(before.phone_number);
    expect({ ...before, ...putFields(again, before) }).toEqual(before);
  });
});

describe('the answer', () => {
  it('names the target by its kind', () => {
    expect(presentNumber(number({ target: reception }))).toMatchObject({
      assistant: { id: 42, name: 'Reception', is_active: false },
      flow: null,
    });
    expect(Object.keys(presentNumber(number())).sort()).toEqual([
      'allowed_country_codes',
      'answer_deadline_ms',
      'assistant',
      'capabilities',
      'created_at',
      'flow',
      'friendly_name',
      'has_signing_secret',
      'id',
      'is_active',
      'is_verified_caller_id',
      'keep_sip_messages',
      'max_call_seconds',
      'media_url',
      'organization_id',
      'phone_number',
      'prewarm_url',
      'provider',
      'record',
      'sip_trunk_id',
      'status_url',
      'updated_at',
    ]);
    expect(changeNumber.safeParse(presentNumber(number())).success).toBe(true);
  });
});
