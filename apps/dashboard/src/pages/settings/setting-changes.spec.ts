import { describe, expect, it } from '@jest/globals';
import { changesBetween, type Draft } from './setting-changes.js';

const BEFORE: Draft = {
  ...{ name: 'Example Dental', time_zone: 'UTC', media_url: 'wss://assistant.example.com', prewarm_url: '' },
  ...{ status_url: '', answer_deadline_ms: '', max_call_seconds: '3600', record: '', keep_sip_messages: '' },
  ...{ country: '', outbound: 'own', countries: '', outbound_failover: 'any_trunk', special: [] },
};

describe('the settings of an organisation', () => {
  it.each<[Partial<Draft>, object]>([
    [{}, {}],
    [
      { media_url: ' ', max_call_seconds: '' },
      { media_url: null, max_call_seconds: null },
    ],
    [
      { answer_deadline_ms: '5000', record: 'false' },
      { answer_deadline_ms: 5000, record: false },
    ],
    [{ outbound: 'these', countries: 'de, us' }, { outbound_country_codes: ['DE', 'US'] }],
    [{ outbound: 'these' }, { outbound_country_codes: [] }],
    [{ country: ' us ' }, { country: 'US' }],
    [{ special: ['satellite'] }, { outbound_special_numbers: ['satellite'] }],
  ])('sends only what differs: %j', (changes, expected) =>
    expect(changesBetween(BEFORE, { ...BEFORE, ...changes })).toEqual(expected),
  );

  it('leaves to the service to refuse what is no number: null would take the limit away', () => {
    expect(changesBetween(BEFORE, { ...BEFORE, max_call_seconds: '1 hour' })).toEqual({ max_call_seconds: '1 hour' });
    expect(changesBetween(BEFORE, { ...BEFORE, answer_deadline_ms: '5 s' })).toEqual({ answer_deadline_ms: '5 s' });
  });
});
