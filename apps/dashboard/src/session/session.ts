import { createContext, useContext } from 'react';
import type { Schemas } from '../api/client.http.js';

export type Me = Schemas['CurrentUser'];

export interface Session {
  me: Me;
  /** An admin of the organisation, or the operator: may change something. */
  mayManage: boolean;
  isOperator: boolean;
}

export function sessionOf(me: Me): Session {
  const isOperator = me.role === 'bootstrap';
  return { me, isOperator, mayManage: isOperator || (me.role === 'admin' && me.organization?.status === 'active') };
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('only within a signed-in view');
  return session;
}
