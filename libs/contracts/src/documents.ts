import { z } from 'zod';
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
import {
  ALERTS_STREAM,
  CALL_REQUESTS_STREAM,
  CALLS_STREAM,
  GATEWAYS_STREAM,
  REFUSED_STREAM,
  SIP_STREAM,
  TRUNKMESH_STREAM,
} from './subjects.js';
import { trunkEvent } from './trunk.js';
import { usageAlertRaised } from './usage-alert.js';

type Json = Record<string, unknown>;

interface Channel {
  name: string;
  /** The subject, with its tokens in braces. */
  address: string;
  stream: string;
  description: string;
  events: readonly z.ZodType[];
}

const channel = (name: string, address: string, stream: string, rest: Pick<Channel, 'description' | 'events'>) => ({
  name,
  address,
  stream,
  ...rest,
});

/** Every subject that events are written to, and by which stream it is kept. */
export const CHANNELS: readonly Channel[] = [
  channel('organizations', 'trunkmesh.org.{organization}.organization', TRUNKMESH_STREAM, {
    description: 'An organisation. Written by the relay of trunk-service alone.',
    events: organizationEvent.options,
  }),
  channel('trunks', 'trunkmesh.org.{organization}.trunk.{trunk}', TRUNKMESH_STREAM, {
    description: 'A SIP trunk. Written by the relay of trunk-service alone.',
    events: trunkEvent.options,
  }),
  channel('numbers', 'trunkmesh.org.{organization}.number.{digits}', TRUNKMESH_STREAM, {
    description: 'A phone number. Written by the relay of trunk-service alone.',
    events: numberEvent.options,
  }),
  channel('addresses', 'trunkmesh.org.{organization}.address.{network}', TRUNKMESH_STREAM, {
    description: 'Evidence for an address or network. Written by the relay of trunk-service alone.',
    events: addressEvent.options,
  }),
  channel('ratePlans', 'trunkmesh.org.{organization}.rate-plan.{effectiveFrom}', TRUNKMESH_STREAM, {
    description: 'What the operator charges an organisation. Written by the relay of trunk-service alone.',
    events: ratePlanEvent.options,
  }),
  channel('carriers', 'trunkmesh.carrier.{carrier}', TRUNKMESH_STREAM, {
    description: 'A carrier whose addresses many customers share. Written by the relay of trunk-service alone.',
    events: carrierEvent.options,
  }),
  channel('bridges', 'trunkmesh.bridge.{bridge}', TRUNKMESH_STREAM, {
    description: 'A bridge. Written by the relay of trunk-service alone.',
    events: bridgeEvent.options,
  }),
  channel('calls', 'trunkmesh.call.{organization}.{call}', CALLS_STREAM, {
    description:
      'A call. Written by the bridge that has it. trunk-service writes `CallRefused`, for a call that no bridge had; ' +
      'the service that stores the recording writes `CallRecordingStored`.',
    events: callEvent.options,
  }),
  channel('callRequests', 'trunkmesh.request.call.{organization}', CALL_REQUESTS_STREAM, {
    description: 'A call that is wanted. Written by any service that may; trunk-service takes it.',
    events: [callRequested],
  }),
  channel('gateways', 'trunkmesh.gateway.{organization}.{trunk}.{bridge}', GATEWAYS_STREAM, {
    description: "A trunk's gateway on one bridge. Written by that bridge.",
    events: [gatewayStateChanged],
  }),
  channel('refusedCalls', 'trunkmesh.refused.{bridge}', REFUSED_STREAM, {
    description: 'Refused calls that are in no call log, counted by the minute. Written by the bridge.',
    events: [callsRefused],
  }),
  channel('sipMessages', 'trunkmesh.sip.{organization}.{call}', SIP_STREAM, {
    description: "A call's SIP messages, without credentials. Written by the bridge, at most once.",
    events: [sipMessagesCaptured],
  }),
  channel('alerts', 'trunkmesh.alert.{organization}.{alert}', ALERTS_STREAM, {
    description: 'Unusual usage of an organisation. Written by billing-observer, each alert once.',
    events: [usageAlertRaised],
  }),
];

/** `TrunkCreated` and so on. */
export const eventType = (event: z.ZodType): string =>
  (event as z.ZodObject<{ type: z.ZodLiteral<string> }>).shape.type.value;

/** The JSON Schema of an event, draft 2020-12. A reader must take members that a later version adds. */
export function eventJsonSchema(event: z.ZodType): Json {
  return { $id: `urn:trunkmesh:event:${eventType(event)}`, title: eventType(event), ...jsonSchemaOf(event) };
}

function jsonSchemaOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'output',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // Without the flag "u", which a schema cannot name, `\p` means something else.
      if (jsonSchema.pattern !== undefined) jsonSchema.pattern = portable(jsonSchema.pattern);
      for (const part of jsonSchema.allOf ?? []) if (part.pattern !== undefined) part.pattern = portable(part.pattern);
    },
  }) as Json;
}

const portable = (pattern: string) => pattern.replace('\\p{Cc}\\p{Cs}', '\\x00-\\x1F\\x7F-\\x9F');

/** The AsyncAPI 3.0 document of all events, made of the very schemas that they are checked with. */
export function asyncApiDocument(version: string): Json {
  const schemas: Json = {};
  const messages: Json = {};
  for (const event of CHANNELS.flatMap(({ events }) => [...events])) {
    const { $schema: _dialect, $defs: definitions = {}, ...schema } = jsonSchemaOf(event);
    for (const [name, definition] of Object.entries({ ...(definitions as Json), [eventType(event)]: schema }))
      schemas[name] = componentOf(definition);
    messages[eventType(event)] = {
      name: eventType(event),
      contentType: 'application/cloudevents+json',
      payload: { $ref: `#/components/schemas/${eventType(event)}` },
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'TrunkMesh events',
      version,
      description: 'CloudEvents 1.0 in structured JSON, kept in JetStream streams.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(CHANNELS.map((each) => [each.name, channelOf(each)])),
    operations: Object.fromEntries(CHANNELS.map((each) => [`follow${capital(each.name)}`, followOf(each)])),
    components: { messages, schemas },
  };
}

const capital = (name: string) => name.replace(/^./, (letter) => letter.toUpperCase());

function channelOf({ address, stream, description, events }: Channel): Json {
  const tokens = [...address.matchAll(/\{(\w+)\}/g)].map(([, token]) => token!);
  return {
    address,
    description: `${description} Stream ${stream}.`,
    parameters: Object.fromEntries(tokens.map((token) => [token, { description: `The ${token}, a subject token.` }])),
    messages: Object.fromEntries(
      events.map((event) => [eventType(event), { $ref: `#/components/messages/${eventType(event)}` }]),
    ),
  };
}

const followOf = ({ name, description }: Channel): Json => ({
  action: 'receive',
  channel: { $ref: `#/channels/${name}` },
  summary: description,
});

/** Without the id, which is the component's name, and with references to components. */
function componentOf(definition: unknown): unknown {
  const { id: _id, ...schema } = definition as Json;
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
