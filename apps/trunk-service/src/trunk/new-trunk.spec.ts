import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { TRUNK_PRESET_IDS } from '@trunkmesh/contracts/trunk-preset.js';
import { TRUNK_PRESETS } from '@trunkmesh/contracts/trunk-presets.js';
import { presetExample } from '@trunkmesh/testkit/preset-example.js';
import { readNewTrunk } from './new-trunk.js';
import { trunkBody } from './trunk-input.js';

const schema = trunkBody({ allowPrivate: true });
const read = (body: object) => readNewTrunk(schema, body).settings;

function problemsOf(body: object): Record<string, string> {
  try {
    read(body);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return Object.fromEntries(error.details.map(({ pointer, message }) => [pointer, message]));
  }
  return {};
}

describe('a new trunk from a preset', () => {
  it.each(TRUNK_PRESET_IDS)('is valid for %s, filled in with the examples', (id) => {
    const { settings, password } = readNewTrunk(schema, presetExample(id));
    expect(settings).toMatchObject({
      provider: TRUNK_PRESETS[id].name,
      register: TRUNK_PRESETS[id].kind === 'registration',
    });
    expect(password !== undefined).toBe(TRUNK_PRESETS[id].fields.some(({ field }) => field === 'password'));
  });

  it.each(TRUNK_PRESET_IDS)('says of each field that %s needs and the request has not where to find it', (id) => {
    const required = TRUNK_PRESETS[id].fields.filter((field) => field.required);
    const problems = problemsOf({ name: 'Carrier', preset: id });
    expect(Object.keys(problems).sort()).toEqual(required.map(({ field }) => `/${field}`).sort());
    for (const { field, hint } of required) expect(problems[`/${field}`]).toContain(hint.replace(/\.$/, ''));
  });

  it('puts what the request has before the preset, in identity and headers member by member', () => {
    const account = { name: 'Carrier', preset: 'sipgate', username: '1234567t0', password: 'p' };
    const own = { provider: 'Mine', codecs: ['PCMU'], identity: { privacy: 'id' }, headers: { 'X-Own': '1' } };
    expect(read({ ...account, ...own })).toMatchObject({
      gateway: 'sipconnect.sipgate.de',
      provider: 'Mine',
      codecs: ['PCMU'],
      identity: { from_user: '{{username}}', privacy: 'id', p_asserted_identity: false },
      headers: { 'X-Own': '1', 'P-Preferred-Identity': '<sip:{{caller_id}}@{{gateway}}>' },
    });
    expect(read({ ...account, number_rules: [], gateway: 'sip.example.com' })).toMatchObject({
      number_rules: [],
      gateway: 'sip.example.com',
    });
  });

  it('completes a gateway that has only its first label', () => {
    expect(read({ name: 'a', preset: 'twilio', gateway: 'acme' }).gateway).toBe('acme.pstn.twilio.com');
    expect(read({ name: 'a', preset: 'plivo', gateway: 'sip.example.com' }).gateway).toBe('sip.example.com');
  });

  it('names the presets where there is no such one, and everything else that is wrong', () => {
    expect(problemsOf({ name: 'a', preset: 'nobody' })['/preset']).toContain('"twilio", "telnyx"');
    expect(Object.keys(problemsOf({ name: '', preset: 'telnyx', transport: 'pigeon', username: 'a' })).sort()).toEqual([
      '/name',
      '/password',
      '/transport',
    ]);
  });
});
