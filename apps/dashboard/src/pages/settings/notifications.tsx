import { api } from '../../api/client.http.js';
import { useSession } from '../../session/session.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Found } from '../../ui/states.js';
import { Channels } from './channels.js';
import { Deliveries } from './deliveries.js';
import { Rules } from './rules.js';

/** Where messages go, what of, and whether they arrived. */
export default function Notifications() {
  const { mayManage } = useSession();
  return mayManage ? <All /> : <OnlyAdmins what="see and change notifications" />;
}

function All() {
  const channels = api.useQuery('get', '/api/v1/notifications/channels');
  return (
    <Found of={channels}>
      {(all) => (
        <>
          <Channels of={all} />
          {all.length > 0 && <Rules channels={all} />}
          {all.length > 0 && <Deliveries channels={all} />}
        </>
      )}
    </Found>
  );
}
