import { describe, expect, it } from '@jest/globals';
import { callSettings, type CallSettings } from '@trunkmesh/contracts/call-settings.js';
import fc from 'fast-check';
import {
  changedSettings,
  patchedSettings,
  replacedSettings,
  withSettings,
  type WantedSettings,
} from './call-settings.js';
import { shownSettings, wantedSettings } from './call-settings-input.js';
import { sealedText, sealForTest } from './seal-fixture.js';

const ID = '01890000-0000-7000-8000-000000000001';
const SECRET = 'a-secret-of-a-test';
const given = (call_settings?: CallSettings) => ({ id: ID, ...(call_settings && { call_settings }) });
const patch = (wanted: WantedSettings, before?: CallSettings) => patchedSettings(wanted, given(before), sealForTest);
const put = (wanted: WantedSettings, before?: CallSettings) => replacedSettings(wanted, given(before), sealForTest);

describe('call settings', () => {
  it('hold what was set, and the secret sealed', () =>
    expect(patch({ media_url: 'wss://a.example.com', signing_secret: SECRET })).toEqual({
      media_url: 'wss://a.example.com',
      signing_secret: sealedText(SECRET, ID),
    }));
  it('keep what was not said, and lose what is null', () =>
    expect(patch({ record: null, max_call_seconds: 5 }, { record: true, media_url: 'wss://a.example.com' })).toEqual({
      media_url: 'wss://a.example.com',
      max_call_seconds: 5,
    }));
  it('tell false from nothing', () => expect(patch({ record: false }, { record: true })).toEqual({ record: false }));
  it('replaced, keep the secret alone', () =>
    expect(put({ record: true }, { media_url: 'wss://a.example.com', signing_secret: sealedText(SECRET, ID) })).toEqual(
      { record: true, signing_secret: sealedText(SECRET, ID) },
    ));
  it('lose the secret by null only', () =>
    expect(put({ signing_secret: null }, { signing_secret: sealedText(SECRET, ID) })).toEqual({}));
  it('do not change with the same secret again', () =>
    expect(patch({ signing_secret: SECRET }, { signing_secret: sealedText(SECRET, ID) })).toEqual({
      signing_secret: sealedText(SECRET, ID),
    }));
  it('say by name what changed', () =>
    expect(
      changedSettings(
        { record: true, media_url: 'wss://a.example.com' },
        { record: false, media_url: 'wss://a.example.com', signing_secret: 'x' },
      ),
    ).toEqual(['signing_secret', 'record']));

  const settings: fc.Arbitrary<WantedSettings> = fc.record(
    {
      media_url: fc.option(fc.constantFrom('wss://a.example.com', 'wss://b.example.com')),
      prewarm_url: fc.option(fc.constant('https://a.example.com')),
      signing_secret: fc.option(fc.constantFrom(SECRET, 'another-secret-of-it')),
      answer_deadline_ms: fc.option(fc.integer({ min: 500, max: 60_000 })),
      record: fc.option(fc.boolean()),
    },
    { requiredKeys: [] },
  );

  it('whatever is asked of them, are what was asked for, sparse, and the same when it is asked again', () => {
    fc.assert(
      fc.property(fc.array(settings, { maxLength: 5 }), settings, fc.boolean(), (history, wanted, whole) => {
        const before = history.reduce<CallSettings>((at, each) => patch(each, at), {});
        const change = whole ? put : patch;
        const after = change(wanted, before);
        expect(callSettings.parse(after)).toEqual(after);
        expect(Object.values(after)).not.toContain(null);
        for (const [name, value] of Object.entries(wanted))
          if (name !== 'signing_secret') expect(after[name as keyof CallSettings] ?? null).toBe(value);
        expect(change(wanted, after)).toEqual(after);
        expect(changedSettings(after, change(wanted, after))).toEqual([]);
      }),
    );
  });

  it('shown have no secret, and are understood when they are sent back', () => {
    fc.assert(
      fc.property(settings, (wanted) => {
        const before = patch(wanted);
        const { has_signing_secret, ...shown } = shownSettings(before);
        expect(has_signing_secret).toBe(before.signing_secret !== undefined);
        expect(Object.keys(shown)).toHaveLength(7);
        expect(patch(wantedSettings(shown)!, before)).toEqual(before);
        expect(put(wantedSettings(shown)!, before)).toEqual(before);
      }),
    );
  });

  it('that are empty leave no trace', () =>
    expect(withSettings({ call_settings: { record: true }, created_at: 'a', updated_at: 'b' }, {})).toEqual({
      created_at: 'a',
      updated_at: 'b',
    }));
});
