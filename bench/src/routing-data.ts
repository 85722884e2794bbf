import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import {
  evidence,
  id,
  invite,
  number,
  organization,
  ORG,
  subjectOf,
  trunk,
  TRUNK,
  type Entity,
} from '@trunkmesh/routing/inbound-fixture.js';

/**
 * The mesh of the routing measurements: 1,000 organisations with one trunk each, and numbers spread evenly over them.
 */
export const ORGANIZATIONS = 1_000;

export const phoneNumber = (at: number) => `+1555${String(at).padStart(7, '0')}`;
export const sourceAddress = (org: number) => `198.18.${org >> 8}.${org & 255}`;
const ownerOf = (at: number) => at % ORGANIZATIONS;

export function* organizations(): Generator<Entity> {
  for (let org = 0; org < ORGANIZATIONS; org += 1) {
    yield organization(org);
    yield trunk(org, org, { gateway: sourceAddress(org) });
  }
}

/**
 * Customers of one carrier, who all call from its one address: each with evidence for it, a trunk with rules of its
 * own, and a number.
 */
export const CROWD = 10_000;
export const CROWD_ADDRESS = '203.0.113.50';
const CROWD_FIRST = 100_000;
export const crowdNumber = (at: number) => `+1556${String(at).padStart(7, '0')}`;
export const crowdOrganization = (at: number) => ORG(CROWD_FIRST + at);

export function* crowd(): Generator<Entity> {
  for (let at = 0; at < CROWD; at += 1) {
    const org = CROWD_FIRST + at;
    const number_rules = [
      { direction: 'inbound' as const, prefix: String(at), min_length: 0, max_length: 32, strip: 1, add: '+1556' },
    ];
    yield organization(org);
    yield trunk(org, org, { gateway: CROWD_ADDRESS, number_rules });
    yield evidence(org, `${CROWD_ADDRESS}/32`);
    yield number(org, crowdNumber(at), {
      sip_trunk_id: TRUNK(org),
      target: { kind: 'assistant', id: 1 + at, name: null, is_active: true },
    });
  }
}

export const numberEntity = (at: number): Entity => {
  const org = ownerOf(at);
  return number(org, phoneNumber(at), {
    friendly_name: `Line ${at}`,
    sip_trunk_id: TRUNK(org),
    capabilities: { voice: true },
    target: { kind: 'assistant', id: 1 + at, name: null, is_active: true },
  });
};

/** The event as it stands in the stream, with everything that a real one has. */
export function eventOf(entity: Entity, at: number): { subject: string; event: AnyEvent } {
  const subject = subjectOf(entity);
  const type =
    'phone_number' in entity
      ? 'NumberAdded'
      : 'gateway' in entity
        ? 'TrunkCreated'
        : 'evidence' in entity
          ? 'AddressProven'
          : 'OrganizationCreated';
  return {
    subject,
    event: {
      specversion: '1.0',
      id: id(9, at),
      source: '/trunkmesh/trunk-service',
      type,
      subject,
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      entityversion: 1,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      data: { change: {}, state: entity },
    },
  };
}

/** A PBX that forwards to an extension, as the mission has it: the number is in the Diversion header. */
export function lookup(at: number): InboundRequest {
  return invite({
    call_id: id(8, at),
    bridge_id: 'bridge-1',
    source_address: sourceAddress(ownerOf(at)),
    request_uri_user: '9228',
    to_user: '9228',
    headers: [['Diversion', `<sip:${phoneNumber(at)}@pbx.example.com>;reason=unconditional;counter=1`]],
  });
}

/** The same from the carrier's address. */
export const crowdLookup = (at: number): InboundRequest => ({
  ...lookup(at),
  source_address: CROWD_ADDRESS,
  headers: [['Diversion', `<sip:${crowdNumber(at % CROWD)}@pbx.example.com>;reason=unconditional;counter=1`]],
});

export const organizationOf = (at: number) => ORG(ownerOf(at));
