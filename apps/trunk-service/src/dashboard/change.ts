import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import { z } from 'zod';

/**
 * What somebody who looks at a list wants to know: what changed, not how. The new state is read through the API, where
 * every rule of access holds.
 */
export const changeKind = z.enum([
  'organization',
  'trunk',
  'number',
  'address',
  'rate-plan',
  'call',
  'gateway',
  'bridge',
  'carrier',
  'refused-call',
]);
export const change = z
  .object({
    id: z.string().describe('The change; send the latest as `Last-Event-ID` to resume.'),
    kind: changeKind.describe('What changed. `gateway`: the state of a trunk on a bridge.'),
    entity: z
      .string()
      .describe(
        'Its id: of the trunk for `gateway`, of the organisation for `refused-call`; the number, network or time ' +
          'where it has no id.',
      ),
  })
  .meta({ id: 'Change', description: 'Something changed; read it through its own route.' });
export type Change = z.infer<typeof change>;
export type Changed = Omit<Change, 'id'>;

export const changeList = z
  .object({
    changes: z.array(change).describe('What changed after `Last-Event-ID`, the earliest first.'),
    is_complete: z
      .boolean()
      .describe('False: changes may be missing, because none is kept for longer. Read what you show again.'),
    last_event_id: z.string().describe('For the next request.'),
  })
  .meta({ id: 'ChangeList', description: 'What changed lately.' });
export type ChangeList = z.infer<typeof changeList>;

const CALL = /^trunkmesh\.call\.[^.]+\.([^.]+)$/;
const GATEWAY = /^(?:\$KV\.gateways|trunkmesh\.gateway)\.[^.]+\.([^.]+)\.[^.]+$/;
const REFUSED = /^trunkmesh\.live\.([^.]+)\.refused$/;
const BRIDGE = /^\$KV\.bridges\.([^.]+)$/;

const ENTITY_ID = {
  organization: 'org',
  trunk: 'trunk',
  number: 'number',
  address: 'network',
  'rate-plan': 'effectiveFrom',
  carrier: 'carrier',
  bridge: 'bridge',
} as const;

/** What a message's subject says has changed; undefined for a subject that nobody looks at. */
export function changeOf(subject: string): Changed | undefined {
  const matched = (
    [
      ['call', CALL],
      ['gateway', GATEWAY],
      ['bridge', BRIDGE],
      ['refused-call', REFUSED],
    ] as const
  ).map(([kind, pattern]) => ({ kind, entity: pattern.exec(subject)?.[1] }));
  const found = matched.find(({ entity }) => entity !== undefined);
  if (found !== undefined) return { kind: found.kind, entity: found.entity! };
  const entity = entityOfSubject(subject) as Record<string, string> | undefined;
  if (entity === undefined) return undefined;
  const kind = entity['kind'] as keyof typeof ENTITY_ID;
  return { kind, entity: entity[ENTITY_ID[kind]]! };
}
