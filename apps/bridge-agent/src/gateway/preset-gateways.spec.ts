import { describe, expect, it } from '@jest/globals';
import { TRUNK_PRESET_IDS } from '@trunkmesh/contracts/trunk-preset.js';
import { TRUNK_PRESETS } from '@trunkmesh/contracts/trunk-presets.js';
import { trunkSettings } from '@trunkmesh/contracts/trunk.js';
import { presetExample } from '@trunkmesh/testkit/preset-example.js';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { dialCommand } from '../outbound/dial-string.js';
import { variablesOf } from '../outbound/dial-variables.js';
import { renderGateway } from './gateway-xml.js';

const ID = '0190a5b2-7c00-7000-8000-000000000001';
const call = { call_id: ID, from: '+15550100000', to: '+15550100001', caller_id: '+15550100000' };

describe('the gateway of a preset', () => {
  it.each(TRUNK_PRESET_IDS)('is rendered for %s, filled in with the examples, and can be dialled', (id) => {
    const { preset: _, password, ...example } = presetExample(id);
    const settings = trunkSettings.parse({ ...TRUNK_PRESETS[id].settings, ...example });
    const trunk = trunkOf({ ...settings, id: ID, organization_id: ID });
    const hop = { address: '192.0.2.1', port: null };
    const rendered = renderGateway(trunk, (password as string | undefined) ?? null, hop);
    expect(rendered).toMatchObject({ ok: true, xml: expect.stringContaining(`name="proxy" value="${trunk.gateway}"`) });
    const variables = variablesOf(trunk, call as never, '15550100001');
    const target = { callId: ID, job: ID, gateway: 'a', dialled: '15550100001', ringSeconds: 9, variables };
    expect(() => dialCommand({ ...target, callSocket: { host: '127.0.0.1', port: 9 } })).not.toThrow();
  });
});
