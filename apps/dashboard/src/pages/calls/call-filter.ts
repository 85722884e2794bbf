import { daysFilter, type Days } from '../../days.js';
import type { components } from '../../generated/api.js';

type Call = components['schemas']['Call'];

export interface CallsView extends Days {
  status: string;
  direction: string;
  /** Part of the other party's number. */
  phone: string;
  /** A trunk's id. */
  trunk: string;
}

/** The API's filter for what the view shows. `numberId`: of the organisation's number. */
export const callFilter = ({ status, direction, phone, trunk, ...days }: CallsView, numberId?: string) => ({
  ...(status === '' ? {} : { status: status as Call['status'] }),
  ...(direction === '' ? {} : { direction: direction as Call['direction'] }),
  ...(phone.trim() === '' ? {} : { customer_phone: phone.trim() }),
  ...(trunk === '' ? {} : { trunk_id: trunk }),
  ...(numberId === undefined ? {} : { number_id: numberId }),
  ...daysFilter(days),
});

/** The same for calls that were refused before routing: they have neither a status nor a direction. */
export const refusedFilter = ({
  trunk,
  number,
  ...days
}: Pick<CallsView, 'trunk' | 'from' | 'to'> & { number: string }) => ({
  ...(trunk === '' ? {} : { trunk_id: trunk }),
  ...(number === '' ? {} : { number }),
  ...daysFilter(days),
});
