import { Badge } from '../../ui/badge.js';
import { callStates } from './call-text.js';

export const States = ({ of }: { of: Parameters<typeof callStates>[0] }) =>
  callStates(of).map((state) => (
    <span key={state}>
      <Badge state={state} />{' '}
    </span>
  ));
