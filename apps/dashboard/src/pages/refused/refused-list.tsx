import { CALL_REFUSAL_WORDS } from '@trunkmesh/contracts/words.js';
import { useState, type ReactNode } from 'react';
import { Button } from 'react-aria-components';
import { api, client, pageOf, type Schemas } from '../../api/client.http.js';
import { count } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { Coded } from '../../ui/coded.js';
import { Facts } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { AddAddress, AddressAdded } from './add-address.js';
import { addressToAdd } from './address-to-add.js';

const PAGE_SIZE = 20;

/** As the API filters refused calls. */
export interface RefusedFilter {
  /** A trunk's id, or `none`: calls that name no trunk. */
  trunk_id?: string;
  /** The called number. */
  number?: string;
  date_from?: string;
  date_to?: string;
}

interface RefusedListProps {
  filter: RefusedFilter;
  /** The trunk whose page it is: addresses are added to it. */
  trunk?: Schemas['Trunk'];
  empty: ReactNode;
}

/** Calls that a bridge refused before routing, newest first, each with its INVITE and what helps. */
export function RefusedList({ filter, trunk, empty }: RefusedListProps) {
  const list = usePages(['/api/v1/refused-calls', filter], (cursor) =>
    pageOf(client.GET('/api/v1/refused-calls', { params: { query: { ...filter, limit: PAGE_SIZE, cursor } } })),
  );
  // Every entry of the address says so, and none offers it again.
  const [added, setAdded] = useState<readonly string[]>([]);
  return (
    <>
      <Found of={list.query}>
        {() =>
          list.items.length === 0 ? (
            <>{empty}</>
          ) : (
            <>
              <p className="muted small">
                {count(list.items.length)} of {count(list.total)}; calls of the same kind within a minute are one entry
              </p>
              <ul className="list">
                {list.items.map((row) => (
                  <Refused
                    key={row.id}
                    row={row}
                    trunk={trunk}
                    isAdded={added.includes(row.source_address)}
                    onAdded={() => setAdded([...added, row.source_address])}
                  />
                ))}
              </ul>
            </>
          )
        }
      </Found>
      {list.loadMore && (
        <Button onPress={list.loadMore} isDisabled={list.isLoadingMore}>
          Show older refused calls
        </Button>
      )}
    </>
  );
}

interface RefusedProps {
  row: Schemas['RefusedCall'];
  trunk: Schemas['Trunk'] | undefined;
  isAdded: boolean;
  onAdded: () => void;
}

function Refused({ row, trunk, isAdded, onAdded }: RefusedProps) {
  const address = addressToAdd(row, trunk?.inbound_addresses);
  return (
    <li>
      <Badge state="refused">SIP {row.sip_status}</Badge> <Time at={row.last_at} />: {row.message}
      {row.count > 1 && ` ${count(row.count)} times in that minute.`}
      <p className="muted small">
        From {row.source_address || 'many addresses'}, called {row.number ?? row.called}
        {row.detail !== null && (
          <>
            , <Detail of={row} />
          </>
        )}
      </p>
      <InviteOf row={row} />
      {isAdded ? (
        <AddressAdded />
      ) : (
        address !== undefined && <AddAddress address={address} trunkId={trunk?.id ?? row.trunk_id} onAdded={onAdded} />
      )}
    </li>
  );
}

/** Routing's reason in words; otherwise a header of the answer as it is. */
const Detail = ({ of: { reason, detail } }: { of: Schemas['RefusedCall'] }) =>
  reason === 'not-routed' ? <Coded words={CALL_REFUSAL_WORDS} code={detail ?? ''} /> : detail;

type Invite = NonNullable<Schemas['RefusedCall']['invite']>;

const InviteFacts = ({ of: { request_uri, from, to, sources, offer } }: { of: Invite }) => (
  <Facts
    of={[
      ['Request-URI', <code key="uri">{request_uri}</code>],
      ['From', <code key="from">{from}</code>],
      ['To', <code key="to">{to}</code>],
      ...sources.map(({ source, value }) => [source, <code key={source}>{value}</code>] as const),
      ['Codecs', offer === null ? 'no SDP' : offer.join(', ')],
    ]}
  />
);

/** The last INVITE of the row; its text is read when one looks. */
function InviteOf({ row: { id, invite } }: { row: Schemas['RefusedCall'] }) {
  const [isOpen, setOpen] = useState(false);
  const params = { path: { id } };
  const detail = api.useQuery('get', '/api/v1/refused-calls/{id}', { params }, { enabled: isOpen });
  if (invite === null) return null;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Its INVITE</summary>
      <InviteFacts of={invite} />
      {isOpen && (
        <Found of={detail}>
          {({ last_invite }) =>
            last_invite?.text != null && (
              <pre tabIndex={0} aria-label="Text of the INVITE">
                {last_invite.text}
              </pre>
            )
          }
        </Found>
      )}
    </details>
  );
}
