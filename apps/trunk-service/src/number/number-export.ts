import type { NumberState, NumberTarget } from '@trunkmesh/contracts/number.js';

/** Those of the import, so that a file can be imported again. The secret is in no file. */
export const EXPORT_COLUMNS = [
  'phone_number',
  'friendly_name',
  'provider',
  'is_active',
  'sip_trunk_id',
  'assistant_id',
  'flow_id',
  'allowed_country_codes',
  'is_verified_caller_id',
  'capabilities',
  'media_url',
  'prewarm_url',
  'status_url',
  'answer_deadline_ms',
  'max_call_seconds',
  'record',
] as const;
type Cells = Record<(typeof EXPORT_COLUMNS)[number], string | number | boolean | null>;

const PLAIN = [
  'phone_number',
  'friendly_name',
  'provider',
  'is_active',
  'sip_trunk_id',
  'is_verified_caller_id',
] as const;
const SETTINGS = [
  'media_url',
  'prewarm_url',
  'status_url',
  'answer_deadline_ms',
  'max_call_seconds',
  'record',
] as const;

const idOf = (target: NumberTarget | null, kind: NumberTarget['kind']) => (target?.kind === kind ? target.id : null);

export function exportCells(number: NumberState): Cells {
  const { target, call_settings, allowed_country_codes, capabilities } = number;
  const cells: Partial<Cells> = {
    assistant_id: idOf(target, 'assistant'),
    flow_id: idOf(target, 'flow'),
    allowed_country_codes: allowed_country_codes?.join(' ') ?? null,
    capabilities: Object.keys(capabilities)
      .filter((name) => capabilities[name])
      .join(' '),
  };
  for (const name of PLAIN) cells[name] = number[name];
  for (const name of SETTINGS) cells[name] = call_settings?.[name] ?? null;
  return cells as Cells;
}
