import { bridgeId, e164, timestamp } from '@trunkmesh/contracts/scalar.js';
import { outboundRequest } from '@trunkmesh/contracts/outbound.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { trunkCheck, type TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import { z } from 'zod';
import { NEW_TRUNK_BODY } from '../trunk/new-trunk.js';

const call = {
  number: outboundRequest.shape.to
    .optional()
    .describe(
      'A number to call for three seconds, by the rules of an outbound call. If it is answered, it is charged as any ' +
        'outbound call. Absent: nobody is called.',
    ),
  from: e164.optional().describe('The phone number of the organisation that calls; required with `number`.'),
};
const NEEDS_FROM = {
  path: ['from'],
  message: 'is required with "number": one of the organisation\'s phone numbers, which is shown to the called party',
};
type WithCall = { number?: string | undefined; from?: string | undefined };
const hasFrom = ({ number, from }: WithCall): boolean => number === undefined || from !== undefined;

export const testBody = z.strictObject(call).refine(hasFrom, NEEDS_FROM).default({}).meta({ id: 'TrunkTestRequest' });
export type TestBody = z.output<typeof testBody>;

/** The call's own fields; the others are read as those of a new trunk. */
export const probeCall = z.looseObject(call).refine(hasFrom, NEEDS_FROM);
export const PROBE_BODY = {
  'application/json': NEW_TRUNK_BODY['application/json']
    .extend({ ...call, name: printable(100).optional().describe('A name for the test. Absent: none.') })
    .meta({ id: 'TrunkProbeRequest' }),
};

const result = trunkCheck.shape.result;
export const trunkTestView = z
  .object({
    result: result.describe(
      'All checks together: `fail` if one failed; `pass` if the registration or, without one, another SIP check ' +
        'passed.',
    ),
    summary: z.string().describe('The result in a sentence: the first fault, or that none was found.'),
    bridge_id: bridgeId.describe('The bridge that ran the test.'),
    checks: z.array(trunkCheck).describe('The checks in their order.'),
    tested_at: timestamp.describe('When the test ended.'),
  })
  .meta({ id: 'TrunkTest', description: 'What a bridge found when it tried a trunk.' });
export type TrunkTestView = z.infer<typeof trunkTestView>;

/** Of UDP alone nothing is known, and OPTIONS may be ignored: something that speaks SIP must have said yes. */
const DECISIVE: readonly TrunkCheck['check'][] = ['call', 'registration', 'options'];

export function viewOfTest(bridge_id: string, checks: TrunkCheck[], tested_at: string): TrunkTestView {
  const fault = checks.find((check) => check.result === 'fail');
  const decisive = DECISIVE.flatMap((name) => checks.filter(({ check }) => check === name));
  const passed = decisive.some((check) => check.result === 'pass');
  if (fault !== undefined) return { result: 'fail', summary: summaryOf(fault), bridge_id, checks, tested_at };
  const open = decisive.find((check) => check.result === 'inconclusive' && check.check !== 'options');
  if (passed && open === undefined)
    return { result: 'pass', summary: 'No fault was found.', bridge_id, checks, tested_at };
  const doubt = open ?? checks.find((check) => check.result === 'inconclusive');
  const summary = doubt === undefined ? 'Nothing was proven.' : summaryOf(doubt);
  return { result: 'inconclusive', summary, bridge_id, checks, tested_at };
}

const summaryOf = ({ seen, todo }: TrunkCheck): string => (todo === null ? seen : `${seen} ${todo}`);
