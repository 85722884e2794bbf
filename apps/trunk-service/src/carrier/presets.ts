import type { CarrierFields } from './carrier.js';

/**
 * Carriers whose signalling addresses are published, as data: nothing is listed until an operator adds it (`PUT
 * /api/v1/carriers/{id}` with `{"preset": true}`). Compare with the source first: carriers change their networks.
 */
export interface CarrierPreset extends CarrierFields {
  id: string;
  source: string;
}

const single = (...addresses: string[]) => addresses.map((address) => `${address}/32`);

export const PRESETS: readonly CarrierPreset[] = [
  {
    id: 'telnyx-us',
    name: 'Telnyx, United States',
    default_country: null,
    source: 'https://developers.telnyx.com/docs/voice/sip-trunking/routing/failover-and-retries',
    networks: single('192.76.120.10', '64.16.250.10'),
  },
  {
    id: 'amazon-chime-voice-connector',
    name: 'Amazon Chime SDK Voice Connector',
    default_country: null,
    source: 'https://docs.aws.amazon.com/chime-sdk/latest/ag/network-config.html',
    networks: [
      '3.80.16.0/23',
      '99.77.253.0/24',
      '99.77.242.0/24',
      '99.77.240.0/24',
      '99.77.239.0/24',
      '99.77.244.0/24',
      '99.77.233.0/24',
      '99.77.247.0/24',
      '99.77.250.0/24',
      '99.77.249.0/24',
    ],
  },
];
