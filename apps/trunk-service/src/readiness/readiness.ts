import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { AddressView } from '../address/standing.js';
import type { TrunkVerdict } from '../status/trunk-verdict-view.js';
import type { NumberReadiness, ReadinessCode, ReadinessStep } from './readiness-view.js';

export interface InboundFacts {
  organization: Pick<OrganizationState, 'status' | 'call_settings'>;
  number: NumberState;
  /** The number's own trunk, else the first enabled one of the organisation; null: there is none. */
  trunk: Pick<TrunkState, 'id' | 'name' | 'enabled' | 'gateway'> | null;
  /** Null: it cannot be looked at now. */
  verdict: TrunkVerdict | null;
  addresses: readonly AddressView[];
}

export type Step = ReadinessStep['step'];

const done = (step: Step, message: string): ReadinessStep => ({ step, result: 'done', code: null, message });
const missing = (step: Step, code: ReadinessCode, message: string): ReadinessStep => ({
  step,
  result: 'missing',
  code,
  message,
});
export const unknown = (step: Step, code: ReadinessCode, message: string): ReadinessStep => ({
  step,
  result: 'unknown',
  code,
  message,
});

/** A step that cannot be looked at is not done. */
export function direction(steps: ReadinessStep[]): NumberReadiness['inbound'] {
  const first = steps.find(({ result }) => result !== 'done');
  return {
    ready: first === undefined,
    missing: first === undefined ? null : { code: first.code!, message: first.message },
    steps,
  };
}

/** What a call for the number meets, in the order of the routing rules. */
export function inboundSteps(facts: InboundFacts): ReadinessStep[] {
  const { organization, number, trunk } = facts;
  return [
    organizationStep(organization),
    number.is_active
      ? done('number', `${number.phone_number} is active.`)
      : missing('number', 'inactive-number', `${number.phone_number} is not active. Set "is_active" to true.`),
    targetStep(number),
    trunkStep(facts),
    ...(trunk?.enabled === true ? [bridgeStep(facts), addressStep(trunk, facts.addresses)] : []),
    assistantUrlStep(facts),
  ];
}

const organizationStep = ({ status }: InboundFacts['organization']): ReadinessStep =>
  status === 'active'
    ? done('organization', 'The organisation is active.')
    : missing(
        'organization',
        'organization-suspended',
        'The organisation is suspended: its calls are refused until the operator resumes it.',
      );

function targetStep({ target }: NumberState): ReadinessStep {
  if (target === null)
    return missing(
      'target',
      'number-not-assigned',
      'No assistant or flow takes the calls. Set "assistant_id" or "flow_id" of the phone number.',
    );
  const named = target.name === null ? `${target.kind} ${target.id}` : `${target.kind} "${target.name}"`;
  return target.is_active
    ? done('target', `Calls go to ${named}.`)
    : missing('target', 'target-inactive', `${named} is not active. Activate it, or assign another one.`);
}

/** A number without a trunk takes calls from all trunks of its organisation, as far as they name it in full. */
function trunkStep({ number, trunk }: InboundFacts): ReadinessStep {
  if (trunk === null)
    return missing(
      'trunk',
      'no-trunk',
      'The organisation has no enabled trunk. Create one (POST /api/v1/sip-trunks) or enable one, and assign it to ' +
        'the number with "sip_trunk_id".',
    );
  if (!trunk.enabled)
    return missing(
      'trunk',
      'trunk-disabled',
      `The trunk "${trunk.name}" of this number is disabled. Enable it: POST /api/v1/sip-trunks/${trunk.id}/enable.`,
    );
  if (number.sip_trunk_id === null)
    return done(
      'trunk',
      'No trunk is assigned to the number: calls must name it in full, and may arrive on any trunk of the ' +
        `organisation. The next steps look at the trunk "${trunk.name}". Set "sip_trunk_id" to assign one.`,
    );
  return done('trunk', `The trunk "${trunk.name}" is assigned and enabled.`);
}

const VERDICT_CODES = {
  pending: 'trunk-pending',
  unplaced: 'trunk-unplaced',
  failed: 'trunk-failed',
  disabled: 'trunk-disabled',
} as const;

/** One bridge that has the trunk is enough for a call to arrive. */
function bridgeStep({ verdict }: InboundFacts): ReadinessStep {
  if (verdict === null)
    return unknown(
      'bridge',
      'bridge-status-unknown',
      'Bridge status is unavailable: NATS does not answer. Calls and changes continue; ask again in a few seconds.',
    );
  if (verdict.verdict === 'live' || verdict.bridges.some((bridge) => bridge.verdict === 'live'))
    return done('bridge', verdict.summary);
  return missing('bridge', VERDICT_CODES[verdict.verdict], verdict.summary);
}

/** One address from which calls count is enough. */
function addressStep(
  { id, gateway }: NonNullable<InboundFacts['trunk']>,
  addresses: readonly AddressView[],
): ReadinessStep {
  const counting = addresses.filter(({ standing }) => standing !== 'not-a-candidate');
  if (addresses.length === 0)
    return missing(
      'address',
      'address-unknown',
      `No address is known from which calls of this trunk come: "${gateway}" has not resolved to an address yet. ` +
        'Check the name, or add the addresses of the carrier to "inbound_addresses".',
    );
  if (counting.length === 0)
    return missing(
      'address',
      'address-contested',
      `Another customer uses ${listed(addresses)}, and your claim does not count yet. Place a verification call: ` +
        `POST /api/v1/sip-trunks/${id}/verify-address.`,
    );
  const shared = counting.every(({ standing }) => standing === 'shared')
    ? ' Other customers use these addresses too: a call must name the number in full.'
    : '';
  return done('address', `Calls are accepted from ${listed(counting)}.${shared}`);
}

const MAX_LISTED = 5;
function listed(addresses: readonly AddressView[]): string {
  const networks = addresses.map(({ network }) => network.replace(/\/(32|128)$/, ''));
  const more = networks.length > MAX_LISTED ? ` and ${networks.length - MAX_LISTED} more` : '';
  return networks.slice(0, MAX_LISTED).join(', ') + more;
}

/** Never missing: bridges have a default, and without one anywhere the caller hears an echo. */
function assistantUrlStep({ number, organization }: InboundFacts): ReadinessStep {
  const level =
    number.call_settings?.media_url !== undefined
      ? 'of the phone number'
      : organization.call_settings?.media_url !== undefined
        ? 'of the organisation'
        : undefined;
  return done(
    'assistant-url',
    level === undefined
      ? 'No "media_url" is set: the default of the bridges is used, and where they have none the caller hears an echo.'
      : `The stream goes to the "media_url" ${level}.`,
  );
}

const STEP_OF_CHECK = {
  organization: 'organization',
  from: 'number',
  target: 'target',
  'caller-id': 'caller-id',
  destination: 'destination',
  country: 'country',
  trunks: 'trunk',
} as const satisfies Record<OutboundPlan['explanation']['checks'][number]['check'], Step>;

/** The checks of the plan that a call would be dialled by, and whether one of its gateways can be used. */
export function outboundSteps(plan: OutboundPlan): ReadinessStep[] {
  const steps = plan.explanation.checks.map(({ check, passed, detail }) =>
    passed || plan.outcome === 'call'
      ? done(STEP_OF_CHECK[check], detail)
      : missing(STEP_OF_CHECK[check], plan.reason, detail),
  );
  return plan.outcome === 'refuse' ? steps : [...steps, gatewaysStep(plan.attempts)];
}

function gatewaysStep(attempts: Extract<OutboundPlan, { outcome: 'call' }>['attempts']): ReadinessStep {
  const up = attempts.filter(({ gateway }) => gateway === 'up').length;
  if (up > 0) return done('gateways', `${up} of ${attempts.length} trunks that would be tried can be used.`);
  const look = `See GET /api/v1/sip-trunks/${attempts[0]!.trunk_id}/status.`;
  return attempts.some(({ gateway }) => gateway === 'unknown')
    ? unknown('gateways', 'bridge-status-unknown', `No bridge has reported on the trunks that would be tried. ${look}`)
    : missing('gateways', 'gateways-down', `The gateways of all trunks that would be tried are down. ${look}`);
}
