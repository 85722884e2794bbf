import { useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import { api, client, dataOf } from '../../api/client.http.js';
import { saveFile } from '../../api/download.http.js';
import { SipLadder } from '../../sip/sip-ladder.js';
import { Card } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';

interface CallSipProps {
  callSid: string;
  isOngoing: boolean;
  decidingHeader: string | null;
}

/** The bridge sends what it saw every two seconds. */
const LOOK_MS = 2_000;
/** How long the last messages of a call may be under way: three looks. */
const LATE_MS = 3 * LOOK_MS + 1_000;

/** Whether messages may still arrive: during the call, and for a moment after its end. */
function useMoreToCome(isOngoing: boolean): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    if (isOngoing) return;
    const late = setTimeout(() => setOver(true), LATE_MS);
    return () => clearTimeout(late);
  }, [isOngoing]);
  return isOngoing || !isOver;
}

/** The SIP messages of the call as a ladder, and as a file for Wireshark. */
export function CallSip({ callSid, isOngoing, decidingHeader }: CallSipProps) {
  const params = { path: { call_id: callSid } };
  const hasMore = useMoreToCome(isOngoing);
  const sip = api.useQuery(
    'get',
    '/api/v1/calls/{call_id}/sip',
    { params },
    { refetchInterval: hasMore ? LOOK_MS : false },
  );
  const isEmpty = sip.data?.messages.length === 0;
  return (
    <Card title="SIP messages" actions={sip.data && !isEmpty && <SavePcap callSid={callSid} />}>
      <Found of={sip}>
        {({ messages, left_out }) =>
          messages.length === 0 ? (
            <p>
              No message was kept. They are kept for 7 days, unless this is switched off for the number or the
              organisation.
            </p>
          ) : (
            <>
              <SipLadder messages={messages} decidingHeader={decidingHeader} />
              {left_out > 0 && <p className="muted small">{left_out} further messages were too many to keep.</p>}
            </>
          )
        }
      </Found>
    </Card>
  );
}

function SavePcap({ callSid }: { callSid: string }) {
  const [error, setError] = useState<unknown>();
  const save = async () => {
    setError(undefined);
    const params = { path: { call_id: callSid }, query: { format: 'pcap' as const } };
    const answer = client.GET('/api/v1/calls/{call_id}/sip', { params, parseAs: 'blob' });
    await dataOf(answer).then((file) => saveFile(file as unknown as Blob, `${callSid}.pcap`), setError);
  };
  return (
    <>
      <Button onPress={() => void save()}>Download as PCAP</Button>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
