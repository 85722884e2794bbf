import { z } from 'zod';
import { outboundLimit, outboundRefusal } from './outbound.js';
import type { RefusalReason } from './routing.js';

/** Why an outbound call was refused before a bridge had it. */
export const callRefusedReason = z.union([
  outboundRefusal,
  outboundLimit,
  z.enum(['canceled', 'too-late', 'request-failed', 'inconclusive']),
]);

/** Why a call was refused, as the call log has it. */
export type CallRefusal = RefusalReason | z.infer<typeof callRefusedReason>;
