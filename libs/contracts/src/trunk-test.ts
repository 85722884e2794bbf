import { z } from 'zod';
import { e164, uuid } from './scalar.js';
import { sealed, trunkSettings } from './trunk.js';

/**
 * Request `trunkmesh.rpc.bridge.<bridge>.diagnose`: test a trunk's settings from this bridge. The password is opened on
 * the bridge alone.
 */
export const trunkTestRequest = z.object({
  test_id: uuid.describe('The test.'),
  trunk_id: uuid.describe('The trunk; of settings that are not saved, the test.'),
  organization_id: uuid.describe('The organisation. One bridge runs one test of it at a time.'),
  trunk: trunkSettings.describe('The settings to test.'),
  password: z
    .object({
      sealed: sealed.describe('The SIP password, sealed.'),
      bound_to: uuid.describe('What it is bound to: the trunk, or this test.'),
    })
    .nullable()
    .describe('The SIP password; null: none.'),
  is_registered: z
    .boolean()
    .describe(
      'The trunk is registered now: the test only asks for its registrations, because some carriers keep one alone ' +
        'and another would replace it.',
    ),
  call: z
    .object({
      from: e164.describe('The phone number of the organisation that calls.'),
      to: e164.describe('The number to call, which the plan of an outbound call allows.'),
      dialled: z.string().min(1).max(64).describe("The number to call in the carrier's spelling."),
      number_id: uuid
        .nullable()
        .optional()
        .describe('The phone number that calls, by its id; null or absent: it is not known.'),
    })
    .nullable()
    .describe('A call of three seconds to place; null: none.'),
});
export type TrunkTestRequest = z.infer<typeof trunkTestRequest>;

/** What a check found, with what to do about it. Those of `fail` tell the faults apart. */
export const TRUNK_TEST_CAUSES = [
  'host-not-resolved',
  'dns-failed',
  'address-not-allowed',
  'nothing-listens',
  'no-answer',
  'tls-not-spoken',
  'tls-failed',
  'certificate-untrusted',
  'certificate-expired',
  'certificate-name-mismatch',
  'srtp-not-agreed',
  'credentials-missing',
  'wrong-credentials',
  'unknown-user',
  'forbidden',
  'register-not-taken',
  'digest-not-supported',
  'wrong-realm',
  'password-not-readable',
  'settings-unusable',
  'wrong-codec',
  'wrong-number',
  'caller-id-or-account',
  'called-party',
  'redirected',
  'carrier-failure',
  'refused',
  'not-run',
  'not-finished',
] as const;
export type TrunkTestCause = (typeof TRUNK_TEST_CAUSES)[number];

export const trunkCheck = z
  .object({
    check: z
      .enum(['dns', 'transport', 'certificate', 'options', 'registration', 'call'])
      .describe('What was checked, in this order.'),
    result: z
      .enum(['pass', 'fail', 'inconclusive'])
      .describe('`inconclusive`: what was seen proves neither that it works nor that it does not.'),
    cause: z.enum(TRUNK_TEST_CAUSES).nullable().describe('The reason as a constant; null where the check passed.'),
    seen: z.string().describe('What was seen, in a sentence.'),
    todo: z.string().nullable().describe('What to do; null: nothing.'),
    sip_status: z
      .number()
      .int()
      .min(100)
      .max(699)
      .nullable()
      .describe('The last SIP status that the far side answered this check with; null: none, or no SIP in it.'),
  })
  .meta({ id: 'TrunkCheck' });
export type TrunkCheck = z.infer<typeof trunkCheck>;

export const trunkTestAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('done').describe('The test was run.'),
    checks: z.array(trunkCheck).max(16).describe('The checks in their order.'),
  }),
  z.object({
    outcome: z.literal('refused').describe('The test was not run.'),
    code: z.enum(['invalid-request', 'too-many-tests', 'bridge-failed']).describe('The reason as a constant.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  }),
]);
export type TrunkTestAnswer = z.infer<typeof trunkTestAnswer>;

/** A test is over after this time, milliseconds, whatever the far side does. The asker waits a little longer. */
export const TRUNK_TEST_DEADLINE_MS = 20_000;

/** The call of a test lasts as long from the first sign of the called party, a ringing or an answer; milliseconds. */
export const TEST_CALL_MS = 3_000;
