/** What a PBX sends; the passwords are none of anybody's business. */
export const INVITE = [
  'INVITE sip:100:secret@192.0.2.1 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.10:5060',
  'From: <sip:+15559870001@192.0.2.10>;tag=1',
  'To: <sip:100@192.0.2.1>',
  'Diversion: <sip:+15550100200:secret@192.0.2.10>',
  'Proxy-Authorization: Digest username="100", response="secret"',
  '',
].join('\r\n');

/** The API refuses. */
export const REFUSED = {
  status: 403,
  title: 'Not allowed',
  detail: 'Ask an admin for another key.',
  code: 'not-allowed',
};

/** A call from an address that no trunk has, as the API lists it. */
export const REFUSED_CALL = {
  id: '1',
  bridge_id: 'bridge-1',
  minute: '2026-11-28T10:15:00.000Z',
  source_address: '203.0.113.9',
  called: '+15550100200',
  number: '+15550100200',
  organization_id: null,
  trunk_id: null,
  known_by: 'called-number',
  reason: 'source-not-allowed',
  sip_status: 403,
  message: 'The source address belongs to no enabled trunk of this bridge.',
  detail: null,
  count: 1,
  first_at: '2026-11-28T10:15:00.000Z',
  last_at: '2026-11-28T10:15:00.000Z',
  invite: null,
};
