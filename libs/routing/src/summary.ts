import type { CalledNumberSource, RefusalReason } from '@trunkmesh/contracts/routing.js';
import type { Candidate } from './route-entries.js';

/** One sentence a decision, for the person who looks at a test call. */

type DecidedBy = CalledNumberSource | 'sole_number';

const named = (number: string, decidedBy: DecidedBy | undefined): string =>
  decidedBy === 'sole_number'
    ? `no source names a number, and ${number} is the only active one on the trunk`
    : `${decidedBy} names ${number}`;

export function summaryOfRoute(number: string, decidedBy: DecidedBy, target: { kind: string; id: number }): string {
  return `Routed to ${target.kind} ${target.id}: ${named(number, decidedBy)}.`;
}

export interface Refused {
  number: string | null;
  decidedBy: DecidedBy | undefined;
  candidates: readonly Candidate[];
  address: string;
}

export function summaryOfRefusal(reason: RefusalReason, refused: Refused): string {
  return `Refused: ${BECAUSE[reason](refused)}.`;
}

const BECAUSE: Record<RefusalReason, (refused: Refused) => string> = {
  'unknown-source': ({ address }) => `no trunk of this bridge's pool has the source address ${address}`,
  'trunk-disabled': ({ address, candidates }) =>
    candidates.length === 1
      ? `the trunk that ${address} belongs to is disabled`
      : `every trunk that ${address} belongs to is disabled`,
  'organization-suspended': () => 'the organisation is suspended',
  'unknown-number': ({ number, candidates }) =>
    number === null
      ? nothingNamed(candidates)
      : `${number} was called, and no organisation that calls from this address has that number`,
  'ambiguous-number': ({ decidedBy, candidates }) =>
    decidedBy === undefined
      ? `no source names a number, and ${several(candidates)}: any choice would be a guess`
      : `what ${decidedBy} holds fits more than one number: any choice would be a guess`,
  'inactive-number': ({ number, decidedBy }) => `${named(number!, decidedBy)}, which is not active`,
  'caller-country-not-allowed': ({ number, decidedBy }) =>
    `${named(number!, decidedBy)}, which the caller's country may not call`,
  'number-not-assigned': ({ number, decidedBy }) =>
    `${named(number!, decidedBy)}, which no active assistant or flow answers`,
  'limit-reached': () => 'the trunk has as many calls as it may',
  'routing-unavailable': () => 'routing gave no answer',
  'assistant-unavailable': () => 'the assistant could not be reached',
  'no-common-codec': () => 'the caller offers no codec that the call can be answered with',
  'srtp-required': () => 'the trunk requires SRTP, and the caller offers plain RTP',
  'call-not-recordable': () => 'the bridge could note the call neither on its disk nor in JetStream',
};

function nothingNamed(candidates: readonly Candidate[]): string {
  return candidates.length === 0 || candidates.some((candidate) => candidate.trunk.activeNumbers > 0)
    ? "the called number is no organisation's that calls from this address"
    : 'no source names a number of ours, and no active number is assigned to the trunk';
}

function several(candidates: readonly Candidate[]): string {
  if (candidates.length === 0)
    return 'several organisations share this address, so only a full public number identifies whose call it is';
  return (
    `${candidates.reduce((sum, candidate) => sum + candidate.trunk.activeNumbers, 0)} active numbers are ` +
    'assigned behind this address'
  );
}
