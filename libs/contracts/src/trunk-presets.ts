import { allowAddress, callsTo, field, inboundAddresses } from './preset-parts.js';
import { PBX_PRESETS } from './pbx-presets.js';
import type { TrunkPreset, TrunkPresetId } from './trunk-preset.js';

/**
 * What known carriers require, from their own documents; `confirmed` is false where a document was not found. A
 * carrier that wants no plus gets it from a number rule for the called number and from the identity for the caller's.
 */
const WITHOUT_PLUS: TrunkPreset['settings'] = {
  number_rules: [{ direction: 'outbound', prefix: '+', strip: 1 }],
  identity: { number_format: 'e164-without-plus' },
};
const CHECK = 'Not everything here is in documents of the carrier that we found: check with the carrier.';

const CARRIER_PRESETS: Record<
  Exclude<TrunkPresetId, 'freepbx' | '3cx' | 'asterisk' | 'generic-registration' | 'generic-address'>,
  TrunkPreset
> = {
  twilio: {
    name: 'Twilio Elastic SIP Trunking',
    kind: 'by-address',
    gateway_suffix: '.pstn.twilio.com',
    settings: { register: false },
    fields: [
      field(
        'gateway',
        'The termination SIP URI: Elastic SIP Trunking, your trunk, Termination.',
        'acme.pstn.twilio.com',
      ),
      field('username', 'A user of the credential list of the trunk, if it has one.', 'acme-trunk', false),
      field('password', 'The password of this user.', 'a password', false),
      inboundAddresses('Twilio'),
    ],
    carrier_side: [
      callsTo('Elastic SIP Trunking, your trunk, Origination: Origination SIP URI'),
      allowAddress('Elastic SIP Trunking, your trunk, Termination: IP Access Control List'),
    ],
    notes: [
      'Numbers are in E.164 with the plus. The number that calls must be a Twilio number or a verified caller ID.',
      'Twilio authenticates termination by the access control list, by the credential list, or by both.',
    ],
    confirmed: true,
  },
  telnyx: {
    name: 'Telnyx',
    kind: 'registration',
    gateway_suffix: null,
    settings: { gateway: 'sip.telnyx.com' },
    fields: [
      field('username', 'Voice, SIP Trunking, your connection, Authentication: the user name.', 'acmeconnection'),
      field('password', 'The password of the connection, in the same place.', 'a password'),
      field(
        'headers/X-Telnyx-Token',
        'Only for a connection by address with a token: the token of the connection. Set "register" to false then.',
        'token-from-the-portal',
        false,
      ),
    ],
    carrier_side: [
      {
        where: 'Voice, SIP Trunking, your connection, for a connection by FQDN or by address',
        template: '{{host}}',
        hint: 'Not needed for a connection with credentials: the registration says where calls go.',
      },
    ],
    notes: ['Outbound calls need an outbound voice profile that the connection is assigned to.'],
    confirmed: true,
  },
  bandwidth: {
    name: 'Bandwidth',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { register: false },
    fields: [
      field(
        'gateway',
        'The address of the session border controller for termination, from the welcome email. Make a second trunk, ' +
          'with a higher "priority", for the second address.',
        '192.0.2.20',
      ),
      inboundAddresses('Bandwidth'),
    ],
    carrier_side: [
      {
        where: 'The location (SIP peer) of your sub-account: origination hosts (calls to you)',
        template: '{{address}}:5060',
        hint: null,
      },
      { where: 'The same location: termination hosts (calls from you)', template: '{{address}}', hint: null },
    ],
    notes: ['Bandwidth knows the bridge by its address; there is no registration.', CHECK],
    confirmed: false,
  },
  plivo: {
    name: 'Plivo Zentrunk',
    kind: 'by-address',
    gateway_suffix: '.zt.plivo.com',
    settings: { register: false },
    fields: [
      field('gateway', 'The termination SIP domain: Zentrunk, Outbound Trunks, your trunk.', '12345678.zt.plivo.com'),
      field('username', 'A user of the credentials list of the trunk, if it has one.', 'acme', false),
      field('password', 'The password of this user.', 'a password', false),
      inboundAddresses('Plivo'),
    ],
    carrier_side: [
      callsTo('Zentrunk, Inbound Trunks, your trunk: Primary URI', null, '{{host}};transport=udp'),
      allowAddress('Zentrunk, Outbound Trunks, your trunk: IP Access Control List'),
    ],
    notes: ['Plivo takes no REGISTER.'],
    confirmed: true,
  },
  vonage: {
    name: 'Vonage (Nexmo)',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { gateway: 'sip.nexmo.com', register: false, from_domain: 'sip.nexmo.com', ...WITHOUT_PLUS },
    fields: [
      field('username', 'The API key of the account: API Settings in the dashboard.', '0a1b2c3d'),
      field('password', 'The API secret of the account, in the same place.', 'a secret'),
      inboundAddresses('Vonage'),
    ],
    carrier_side: [
      callsTo(
        'Numbers, Your numbers, Edit: Forward to SIP',
        'Write the number before the host, so that a call names it.',
        'sip:15551230000@{{host}}',
      ),
    ],
    notes: [
      'Vonage asks for the credentials with each call; there is no registration.',
      'A SIP trunk with a domain of its own has another host: enter its termination URI as the gateway.',
    ],
    confirmed: true,
  },
  didww: {
    name: 'DIDWW',
    kind: 'by-address',
    gateway_suffix: null,
    settings: { register: false, ...WITHOUT_PLUS },
    fields: [
      field('gateway', 'The host of your outbound trunk: Voice, Outbound Trunks, Credentials.', 'sip.example.com'),
      field('username', 'The user name of the outbound trunk, in the same place.', 'acme'),
      field('password', 'The password of the outbound trunk, in the same place.', 'a password'),
      inboundAddresses('DIDWW'),
    ],
    carrier_side: [
      { where: 'Voice, Inbound Trunks, SIP Trunk: Host', template: '{{host}}', hint: 'Choose {DID} as the user name.' },
      allowAddress('Voice, Outbound Trunks, your trunk: Allowed SIP IP addresses'),
    ],
    notes: [
      'Allow the RTP addresses of the bridges at the outbound trunk, too.',
      'If the outbound trunk has a tech prefix, add it to the outbound number rule (`add`).',
      CHECK,
    ],
    confirmed: false,
  },
  voipms: {
    name: 'VoIP.ms',
    kind: 'registration',
    gateway_suffix: '.voip.ms',
    settings: WITHOUT_PLUS,
    fields: [
      field('gateway', 'The server (POP) that your numbers are routed by.', 'atlanta1.voip.ms'),
      field('username', 'The user name of the account or sub account.', '123456_acme'),
      field('password', 'The SIP password of the account or sub account.', 'a password'),
    ],
    carrier_side: [
      {
        where: 'DID Numbers, Manage DIDs, Edit: Routing and DID Point of Presence',
        template: 'SIP/IAX: your sub account',
        hint: 'The server of the number and the gateway of the trunk must be the same.',
      },
    ],
    notes: [
      'Give the sub account the device type of a PBX, so that calls to you name the number that was called.',
      CHECK,
    ],
    confirmed: false,
  },
  zadarma: {
    name: 'Zadarma',
    kind: 'registration',
    gateway_suffix: null,
    settings: { gateway: 'sip.zadarma.com', ...WITHOUT_PLUS },
    fields: [
      field('username', 'The SIP login: Settings, SIP settings.', '123456'),
      field('password', 'The password of this SIP login.', 'a password'),
    ],
    carrier_side: [
      callsTo(
        'Settings, Phone numbers, your number: external server (SIP URI)',
        'Only instead of a registration.',
        '15551230000@{{host}}',
      ),
    ],
    notes: [
      'A SIP trunk of Zadarma works by address: enter the addresses of the bridges there and set "register" to false.',
      'Calls show the number that is set for the SIP login, unless several numbers are connected to a SIP trunk.',
      CHECK,
    ],
    confirmed: false,
  },
  sipgate: {
    name: 'sipgate trunking',
    kind: 'registration',
    gateway_suffix: null,
    settings: {
      gateway: 'sipconnect.sipgate.de',
      default_country: 'DE',
      codecs: ['PCMA', 'PCMU'],
      number_rules: WITHOUT_PLUS.number_rules,
      identity: { from_user: '{{username}}', number_format: 'e164-without-plus', p_asserted_identity: false },
      headers: { 'P-Preferred-Identity': '<sip:{{caller_id}}@{{gateway}}>' },
    },
    fields: [
      field('username', 'The SIP-ID of the trunk: Settings, SIP trunk.', '1234567t0'),
      field('password', 'The SIP password of the trunk, in the same place.', 'a password'),
    ],
    carrier_side: [],
    notes: [
      'The account is the user of From; the number that is shown is in P-Preferred-Identity, without the plus.',
      CHECK,
    ],
    confirmed: false,
  },
};

/** All of them, by id, in the order in which they are shown. */
export const TRUNK_PRESETS: Readonly<Record<TrunkPresetId, TrunkPreset>> = { ...CARRIER_PRESETS, ...PBX_PRESETS };
