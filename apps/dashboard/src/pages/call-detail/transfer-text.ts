import type { components } from '../../generated/api.js';

type Transfer = Pick<components['schemas']['TransferResult'], 'outcome' | 'target_status' | 'refer_status'>;

/** From here on a SIP status is a refusal. */
const FIRST_REFUSAL = 300;

/** What became of a transfer, and whether the call goes on here. */
export function transferText({ outcome, target_status, refer_status }: Transfer): string {
  switch (outcome) {
    case 'transferred':
      return 'Transferred: the target answered.';
    case 'refused':
      return `Not transferred: ${refuser(target_status, refer_status)}. The call goes on here.`;
    case 'indeterminate':
      return (
        `The transfer’s outcome was not confirmed in time${accepted(refer_status)}. ` +
        'The call goes on here unless the carrier has moved it: watch the timeline before you try again.'
      );
  }
}

function refuser(target: number | null, refer: number | null): string {
  if (target !== null && target >= FIRST_REFUSAL) return `the target refused with SIP ${target}`;
  if (refer !== null && refer >= FIRST_REFUSAL) return `the other side refused the transfer itself with SIP ${refer}`;
  return 'it was refused, and no SIP status says why';
}

const accepted = (refer: number | null) =>
  refer === null
    ? ': the other side did not answer the request'
    : `; the other side answered the request with ${refer}`;
