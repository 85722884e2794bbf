import type { TrunkPreset, TrunkPresetId } from './trunk-preset.js';

const publicHost = (product: string): TrunkPreset['fields'][number] => ({
  field: 'gateway',
  required: true,
  hint: `The public name or address of the ${product}, with its SIP port where it is not 5060.`,
  example: 'pbx.example.com',
});
const INBOUND: TrunkPreset['fields'][number] = {
  field: 'inbound_addresses',
  required: false,
  hint: 'Other public addresses that calls come from, for example those of a second line.',
  example: '198.51.100.20',
};
const credential = (field: 'username' | 'password', hint: string): TrunkPreset['fields'][number] => ({
  field,
  required: true,
  hint,
  example: field === 'username' ? 'acme' : 'a password',
});
const NUMBER_HEADER =
  'A call that the PBX forwards to one extension must name the number that was called: in the Request-URI, in ' +
  'Diversion, or in X-Original-To.';

/** PBXs are connected by their address; a registration is the way where the PBX has no fixed address. */
export const PBX_PRESETS: Record<
  Extract<TrunkPresetId, 'freepbx' | '3cx' | 'asterisk' | 'generic-registration' | 'generic-address'>,
  TrunkPreset
> = {
  freepbx: {
    name: 'FreePBX',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { register: false },
    fields: [publicHost('FreePBX'), INBOUND],
    carrier_side: [
      {
        where: 'Connectivity, Trunks, PJSIP, General: SIP Server',
        template: '{{host}}',
        hint: 'SIP Server Port 5060.',
      },
      { where: 'The same place: Authentication and Registration', template: 'None', hint: null },
      { where: 'The same trunk, Advanced: Match (Permit)', template: '{{address}}/32', hint: null },
      { where: 'Connectivity, Firewall, Networks: trusted', template: '{{address}}/32', hint: null },
    ],
    notes: [
      'Write each number in an outbound route or a custom destination, so that the Request-URI names it.',
      NUMBER_HEADER,
    ],
    confirmed: true,
  },
  '3cx': {
    name: '3CX',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { register: false },
    fields: [publicHost('3CX'), INBOUND],
    carrier_side: [
      { where: 'Voice & Chat, Add Trunk, Generic SIP Trunk (IP Based): Registrar', template: '{{host}}', hint: null },
      { where: 'The same trunk, Authentication', template: 'Do not require - IP Based', hint: null },
    ],
    notes: [
      'Menus differ between versions of 3CX: check with the manual of yours.',
      'In the outbound parameters of the trunk the Request-URI must hold the number that was called.',
    ],
    confirmed: false,
  },
  asterisk: {
    name: 'Asterisk (chan_pjsip)',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { register: false },
    fields: [publicHost('Asterisk'), INBOUND],
    carrier_side: [
      { where: 'pjsip.conf, type=aor: contact', template: 'sip:{{host}}', hint: null },
      { where: 'pjsip.conf, type=identify: match', template: '{{address}}', hint: 'With the endpoint of the trunk.' },
      {
        where: 'extensions.conf: what calls the mesh',
        template: 'Dial(PJSIP/${EXTEN}@trunkmesh)',
        hint: '${EXTEN} must be the number that was called, in E.164.',
      },
    ],
    notes: [NUMBER_HEADER],
    confirmed: true,
  },
  'generic-registration': {
    name: 'Another carrier, by registration',
    kind: 'registration',
    gateway_suffix: null,
    settings: {},
    fields: [
      {
        field: 'gateway',
        required: true,
        hint: 'The registrar or domain of the carrier.',
        example: 'sip.example.com',
      },
      credential(
        'username',
        'The SIP user name. If the carrier names another one for authentication, it is "auth_username".',
      ),
      credential('password', 'The SIP password, which is seldom the one of the web portal.'),
      {
        field: 'outbound_proxy',
        required: false,
        hint: 'Where the carrier names an outbound proxy beside its domain.',
        example: 'proxy.example.com',
      },
      {
        field: 'default_country',
        required: false,
        hint: 'Where the carrier writes numbers without the country code.',
        example: 'US',
      },
    ],
    carrier_side: [],
    notes: ['Test the trunk before its numbers are moved: POST /api/v1/sip-trunks/probe.'],
    confirmed: true,
  },
  'generic-address': {
    name: 'Another carrier or PBX, by address',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { register: false },
    fields: [
      {
        field: 'gateway',
        required: true,
        hint: 'Where calls are sent to: a host name or an address, with a port if it is not 5060.',
        example: 'sip.example.com',
      },
      INBOUND,
      {
        field: 'default_country',
        required: false,
        hint: 'Where the carrier writes numbers without the country code.',
        example: 'US',
      },
    ],
    carrier_side: [
      { where: 'Where calls for your numbers are sent', template: 'sip:{{host}}:5060', hint: null },
      { where: 'The addresses that calls are accepted from', template: '{{address}}', hint: null },
    ],
    notes: [NUMBER_HEADER],
    confirmed: true,
  },
};
