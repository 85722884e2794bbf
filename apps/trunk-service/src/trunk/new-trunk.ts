import { DomainError, type FieldProblem } from '@trunkmesh/contracts/problem.js';
import { trunkPresetId, type TrunkPreset } from '@trunkmesh/contracts/trunk-preset.js';
import { TRUNK_PRESETS } from '@trunkmesh/contracts/trunk-presets.js';
import { checkRequest, invalidRequest } from '../http/field-problems.js';
import { readTrunk, TRUNK_BODY, type TrunkBodySchema, type WantedTrunk } from './trunk-input.js';

const preset = trunkPresetId
  .optional()
  .describe('What fills in the settings that the request does not have: an `id` of listTrunkPresets. Absent: nothing.');
const { shape } = TRUNK_BODY['application/json'];

export const NEW_TRUNK_BODY = {
  'application/json': TRUNK_BODY['application/json']
    .extend({
      preset,
      gateway: shape.gateway.optional().describe(`${shape.gateway.description} Some presets have it.`),
    })
    .meta({ id: 'TrunkInput' }),
};

/**
 * A new trunk as a client wrote it, with `preset` or without. What the client wrote goes before the preset's settings,
 * in `identity` and `headers` member by member. The preset itself is not kept: a later preset changes no trunk.
 */
export function readNewTrunk(schema: TrunkBodySchema, written: unknown): WantedTrunk {
  if (!isObject(written) || !('preset' in written)) return readTrunk(schema, written, null);
  const { preset: id, ...own } = written;
  const { value, problems = [] } = checkRequest(preset, id);
  if (problems.length > 0) throw invalidRequest(problems.map(({ message }) => ({ pointer: '/preset', message })));
  if (value === undefined) return readTrunk(schema, own, null);
  const chosen = TRUNK_PRESETS[value];
  const body = withPreset(chosen, own);
  try {
    const wanted = readTrunk(schema, body, null);
    const missing = missingIn(chosen, body);
    if (missing.length > 0) throw invalidRequest(missing);
    return wanted;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const missing = missingIn(chosen, body);
    const others = error.details.filter(({ pointer }) => !missing.some((each) => each.pointer === pointer));
    throw invalidRequest([...missing, ...others]);
  }
}

/** The gateway's suffix is for a name without a dot: `acme` of Twilio is `acme.pstn.twilio.com`. */
export function withPreset(
  { name, settings, gateway_suffix }: TrunkPreset,
  own: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { gateway } = own;
  const short = gateway_suffix !== null && typeof gateway === 'string' && /^[a-z\d-]+$/i.test(gateway.trim());
  return {
    provider: name,
    ...settings,
    ...own,
    ...(short ? { gateway: gateway.trim() + gateway_suffix } : {}),
    ...merged('identity', settings, own),
    ...merged('headers', settings, own),
  };
}

function merged(
  field: 'identity' | 'headers',
  settings: TrunkPreset['settings'],
  own: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const written = own[field];
  if (written !== undefined && !isObject(written)) return {};
  const both = { ...settings[field], ...written };
  return Object.keys(both).length === 0 ? {} : { [field]: both };
}

const missingIn = ({ name, fields }: TrunkPreset, body: Readonly<Record<string, unknown>>): FieldProblem[] =>
  fields
    .filter(({ field, required }) => required && [undefined, null, ''].some((empty) => body[field] === empty))
    .map(({ field, hint, example }) => ({
      pointer: `/${field}`,
      message: `is required for ${name}, for example "${example}". ${hint.replace(/\.$/, '')}`,
    }));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
