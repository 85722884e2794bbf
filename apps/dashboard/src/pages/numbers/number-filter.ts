import type { components } from '../../generated/api.js';

type Number_ = components['schemas']['PhoneNumber'];

export interface NumberView {
  q: string;
  show: string;
  trunk: string;
}

/** The API's filter for what the view shows. */
export function filterOf({ q, show, trunk }: NumberView) {
  return {
    ...(q === '' ? {} : { q }),
    ...(trunk === '' ? {} : { sip_trunk_id: trunk }),
    ...(show === 'without-trunk' ? { sip_trunk_id: 'none' } : {}),
    ...(show === 'without-assistant' ? { has_target: 'false' as const } : {}),
    ...(show === 'inactive' ? { is_active: 'false' as const } : {}),
  };
}

/** Who answers calls to the number. */
export function targetText({ assistant, flow }: Pick<Number_, 'assistant' | 'flow'>): string {
  if (assistant !== null) return assistant.name ?? `assistant ${assistant.id}`;
  return flow === null ? 'nobody' : (flow.name ?? `flow ${flow.id}`);
}
