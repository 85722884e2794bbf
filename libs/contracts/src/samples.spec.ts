import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { addressEvent } from './address.js';
import { bridgeEvent, gatewayStateChanged } from './bridge.js';
import { callRequested } from './call-request.js';
import { callEvent } from './call.js';
import { carrierEvent } from './carrier.js';
import { numberEvent } from './number.js';
import { organizationEvent } from './organization.js';
import { ratePlanEvent } from './rate-plan.js';
import { callsRefused } from './refused-call.js';
import { sipMessagesCaptured } from './sip-message.js';
import { trunkEvent } from './trunk.js';
import { usageAlertRaised } from './usage-alert.js';

/**
 * One stored sample per event type, as an existing stream may hold it. A sample is never edited: a schema that no
 * longer reads it needs an optional field, or a `.v2` type with an upcast and a sample of its own.
 */
const SCHEMAS = [
  ...organizationEvent.options,
  ...trunkEvent.options,
  ...numberEvent.options,
  ...addressEvent.options,
  ...carrierEvent.options,
  ...ratePlanEvent.options,
  ...bridgeEvent.options,
  ...callEvent.options,
  callRequested,
  gatewayStateChanged,
  callsRefused,
  sipMessagesCaptured,
  usageAlertRaised,
];
const TYPES = SCHEMAS.map((schema) => schema.shape.type.value as string);
const folder = new URL('../samples/', import.meta.url);

describe('stored samples of every event', () => {
  it('there is one for each type, and none for a type that is gone', () => {
    expect(
      readdirSync(folder)
        .map((file) => file.replace(/\.json$/, ''))
        .sort(),
    ).toEqual([...TYPES].sort());
  });

  it.each(TYPES)('%s is read, and nothing of it is lost', (type) => {
    const sample: unknown = JSON.parse(readFileSync(new URL(`${type}.json`, folder), 'utf8'));
    const schema = SCHEMAS.find((candidate) => candidate.shape.type.value === type)!;
    expect(schema.parse(sample)).toEqual(sample);
  });
});
