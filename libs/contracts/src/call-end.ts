import { z } from 'zod';
import type { ReasonClass } from './reason.js';

/** Who can end a call. `caller` and `called-party`: the other party, of an inbound and of an outbound call. */
export const CALL_ENDERS = ['caller', 'called-party', 'assistant', 'platform', 'carrier', 'bridge', 'unknown'] as const;
export type CallEnder = (typeof CALL_ENDERS)[number];

/** Why a call ended, who ended it, and whose matter that is. */
export const CALL_END_REASONS = {
  'caller-hung-up': { by: 'caller', class: 'success' },
  'assistant-hung-up': { by: 'assistant', class: 'success' },
  'api-hung-up': { by: 'platform', class: 'success' },
  /** The operator suspended the organisation and asked for the end of its calls. */
  'organization-suspended': { by: 'platform', class: 'success' },
  transferred: { by: 'platform', class: 'success' },
  'max-duration-reached': { by: 'bridge', class: 'success' },
  /** While it rang. */
  'caller-gave-up': { by: 'caller', class: 'client_error' },
  'called-party-hung-up': { by: 'called-party', class: 'success' },
  /** Before the answer, by the API. */
  canceled: { by: 'platform', class: 'success' },
  'called-party-busy': { by: 'called-party', class: 'client_error' },
  'called-party-declined': { by: 'called-party', class: 'client_error' },
  'not-answered': { by: 'called-party', class: 'client_error' },
  'unknown-destination': { by: 'carrier', class: 'client_error' },
  /** The last carrier that was tried refused the call. */
  'carrier-refused': { by: 'carrier', class: 'upstream_error' },
  /** No carrier could be reached, or the last one failed. */
  'carrier-failed': { by: 'carrier', class: 'upstream_error' },
  /** It waited too long for a free channel of its trunks. */
  'limit-reached': { by: 'platform', class: 'client_error' },
  /** More calls waited for its trunk than `queue_length` allows. */
  'queue-full': { by: 'platform', class: 'client_error' },
  /** It waited longer for its trunk than `queue_seconds`. */
  'queue-timeout': { by: 'platform', class: 'client_error' },
  /** Its media stream could not be connected. */
  'assistant-unavailable': { by: 'assistant', class: 'upstream_error' },
  /** No audio arrived from the caller any more. */
  'media-timeout': { by: 'bridge', class: 'client_error' },
  'media-stream-lost': { by: 'assistant', class: 'upstream_error' },
  'media-stream-unstable': { by: 'assistant', class: 'upstream_error' },
  'bridge-stopped': { by: 'bridge', class: 'server_error' },
  'audio-failed': { by: 'bridge', class: 'server_error' },
  /** FreeSWITCH stopped sending the call's audio in mid-call, and it could not be attached again. */
  'audio-lost': { by: 'bridge', class: 'server_error' },
  /** FreeSWITCH gave the caller's dialog up when a transfer was refused, though the call should have gone on. */
  'dropped-by-transfer': { by: 'bridge', class: 'server_error' },
  'switch-ended': { by: 'bridge', class: 'server_error' },
  /** The agent or FreeSWITCH died, and nobody saw the end. */
  unseen: { by: 'unknown', class: 'indeterminate' },
} as const satisfies Record<string, { by: CallEnder; class: ReasonClass }>;
export type CallEndReason = keyof typeof CALL_END_REASONS;
export const callEndReason = z.enum(Object.keys(CALL_END_REASONS) as [CallEndReason, ...CallEndReason[]]);

/**
 * The end of a call was written by billing-observer, because its bridge is lost. It has no number of the bridge; a
 * record that the bridge sends later is better, also where it is reconstructed.
 */
export const endedWithoutBridge = ({ call_id, bridge_epoch }: { call_id: string; bridge_epoch: string }): boolean =>
  bridge_epoch.toLowerCase() === call_id.toLowerCase();
