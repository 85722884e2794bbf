import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { GatewayFileController } from './gateway-file.controller.js';
import { renderGateway } from './gateway-xml.js';
import { maskedXml } from './masked-xml.js';

const ORGANIZATION = '0190a5b2-7c00-7000-8000-0000000000aa';
const TRUNK = '0190a5b2-7c00-7000-8000-000000000001';
const trunk = trunkOf({
  id: TRUNK,
  organization_id: ORGANIZATION,
  gateway: '192.0.2.10',
  username: 'carrier-user',
  register: true,
  headers: { 'X-Api-Key': 'header-secret', 'X-Site': 'Manila' },
});
const fileWith = (password: string): string => {
  const rendered = renderGateway(trunk, password);
  if (!rendered.ok) throw new Error(rendered.problem.message);
  return rendered.xml;
};

describe("a gateway's file without its secrets", () => {
  it('masks the password and headers that hold credentials, and nothing else', () => {
    const before = fileWith('open-sesame').split('\n');
    const changed = maskedXml(before.join('\n'))
      .split('\n')
      .filter((line, index) => line !== before[index]);
    expect(changed.map((line) => line.trim())).toEqual([
      '<param name="password" value="***"/>',
      '<variable name="sip_h_X-Api-Key" value="***" direction="outbound"/>',
    ]);
  });

  it('is the same whatever the password is', () => {
    const password = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !/[\p{Cc}:]/u.test(text));
    fc.assert(fc.property(password, (text) => maskedXml(fileWith(text)) === maskedXml(fileWith('other'))));
  });
});

describe('a request for it', () => {
  const xml = fileWith('open-sesame');
  const controller = new GatewayFileController({
    organizationOf: (id) => (id === TRUNK ? ORGANIZATION : undefined),
    rendered: () => ({
      desired: new Map([[TRUNK, { trunkId: TRUNK, name: 'gw', xml }]]),
      problems: new Map(),
      held: () => new Set(),
      takenDown: () => new Set(),
      set: () => undefined,
      remove: () => undefined,
    }),
  });

  it('is answered for its organisation, and for no other', () => {
    expect(controller.show({ organization_id: ORGANIZATION, trunk_id: TRUNK })).toEqual({
      outcome: 'file',
      xml: maskedXml(xml),
    });
    const none = { outcome: 'none', message: 'The bridge does not have the trunk.' };
    expect(controller.show({ organization_id: TRUNK, trunk_id: TRUNK })).toEqual(none);
    expect(controller.show({ organization_id: ORGANIZATION, trunk_id: ORGANIZATION })).toEqual(none);
  });
});
