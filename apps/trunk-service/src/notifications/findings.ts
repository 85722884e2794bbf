import type { Finding } from './alarms.js';

/** Rows of condition-rows.pg.ts, in words. */
interface OfTrunk {
  rule_id: string;
  trunk_id: string;
  trunk_name: string;
  since: Date;
}

export interface LostRegistration extends OfTrunk {
  sip_status: number | null;
  sip_phrase: string | null;
}

const ofTrunk = ({ rule_id, trunk_id, since }: OfTrunk) => ({
  rule_id,
  subject: trunk_id,
  trunk_id,
  since: since.toISOString(),
});

export function lostRegistration(row: LostRegistration): Finding {
  const { trunk_name, sip_status, sip_phrase } = row;
  const answer = sip_status === null ? '' : ` The last answer was ${sip_status}${sip_phrase ? ` ${sip_phrase}` : ''}.`;
  return {
    ...ofTrunk(row),
    summary:
      `The trunk "${trunk_name}" is not registered at its carrier.${answer} Calls to its numbers may not arrive. Its ` +
      'status says why.',
    details: { trunk_name, sip_status, sip_phrase },
  };
}

export interface DegradedTrunk extends OfTrunk {
  failed: number;
}

export const degradedTrunk = (row: DegradedTrunk): Finding => ({
  ...ofTrunk(row),
  summary:
    `The last ${row.failed} outbound calls through the trunk "${row.trunk_name}" failed at the carrier. Test the ` +
    'trunk, and ask the carrier.',
  details: { trunk_name: row.trunk_name, failed_calls: row.failed },
});

export interface LowQuality extends OfTrunk {
  mos: number;
  calls: number;
}

export function lowQuality(row: LowQuality): Finding {
  const mos = Math.round(row.mos * 100) / 100;
  return {
    ...ofTrunk(row),
    summary:
      `The audio of the last ${row.calls} measured calls through the trunk "${row.trunk_name}" has a mean opinion ` +
      `score of ${mos} on average. Look for lost packets between the bridge and the carrier.`,
    details: { trunk_name: row.trunk_name, mos, calls: row.calls },
  };
}

export interface RefusedCalls {
  rule_id: string;
  calls: number;
  minutes: number;
  since: Date;
  reason: string;
}

export const refusedCalls = ({ rule_id, calls, minutes, since, reason }: RefusedCalls): Finding => ({
  rule_id,
  subject: 'organization',
  trunk_id: null,
  since: since.toISOString(),
  summary:
    `${calls} calls to your numbers were refused in the last ${minutes} minutes, most of them because of ` +
    `${reason}. GET /api/v1/refused-calls shows where they came from.`,
  details: { calls, minutes, reason },
});

export interface UnreachableAssistant {
  rule_id: string;
  failed: number;
  since: Date;
}

export const unreachableAssistant = ({ rule_id, failed, since }: UnreachableAssistant): Finding => ({
  rule_id,
  subject: 'organization',
  trunk_id: null,
  since: since.toISOString(),
  summary:
    `The last ${failed} calls failed because the assistant's media stream could not be connected or was lost. Check ` +
    'the server behind media_url.',
  details: { failed_calls: failed },
});
