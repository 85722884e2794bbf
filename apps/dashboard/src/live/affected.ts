/** Which routes show what changed. */
const TRUNKS = ['/api/v1/sip-trunks', '/api/v1/trunk-states'];
const AFFECTED: Readonly<Record<string, readonly string[]>> = {
  organization: ['/api/v1/organizations', '/api/v1/users/me'],
  trunk: [...TRUNKS, '/api/v1/phone-numbers'],
  gateway: TRUNKS,
  number: ['/api/v1/phone-numbers', '/api/v1/sip-trunks'],
  address: ['/api/v1/sip-trunks', '/api/v1/addresses'],
  call: ['/api/v1/calls', '/api/v1/refused-calls', '/api/v1/usage'],
  'refused-call': ['/api/v1/refused-calls'],
  bridge: ['/api/v1/bridges', '/api/v1/trunk-states', '/api/v1/connection'],
  'rate-plan': ['/api/v1/usage', '/api/v1/organizations'],
  carrier: ['/api/v1/carriers'],
};

/** A kind that a later version of the service adds concerns everything. */
export const EVERYTHING: readonly string[] = ['/api/'];

export const pathsOf = (kind: string): readonly string[] => AFFECTED[kind] ?? EVERYTHING;
