import { addressEvent } from '@trunkmesh/contracts/address.js';
import { eventType } from '@trunkmesh/contracts/documents.js';
import { numberEvent } from '@trunkmesh/contracts/number.js';
import { organizationEvent } from '@trunkmesh/contracts/organization.js';
import { ratePlanEvent } from '@trunkmesh/contracts/rate-plan.js';
import { trunkEvent } from '@trunkmesh/contracts/trunk.js';
import { PLAIN_CHANGE_TYPES } from '../event-store/plain-change-types.js';
import type { EventKind, HistoryKind } from './history-entry.js';

const UNIONS = {
  organization: organizationEvent,
  trunk: trunkEvent,
  number: numberEvent,
  address: addressEvent,
  'rate-plan': ratePlanEvent,
} satisfies Record<EventKind, unknown>;

/** Each type of event, and the kind of entity that has it: only those are looked through. */
export const KIND_OF_TYPE: ReadonlyMap<string, HistoryKind> = new Map<string, HistoryKind>([
  ...Object.entries(UNIONS).flatMap(([kind, { options }]) =>
    options.map((option): [string, HistoryKind] => [eventType(option), kind as EventKind]),
  ),
  ...Object.entries(PLAIN_CHANGE_TYPES),
]);
