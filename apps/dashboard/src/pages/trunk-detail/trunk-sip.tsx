import { api } from '../../api/client.http.js';
import { SipLadder } from '../../sip/sip-ladder.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';

/** The last registration and OPTIONS of each bridge. */
export function LastExchange({ id }: { id: string }) {
  const sip = api.useQuery('get', '/api/v1/sip-trunks/{id}/sip', { params: { path: { id } } });
  return (
    <Card title="Last SIP exchange">
      <Found of={sip}>
        {({ bridges }) =>
          bridges.length === 0 ? (
            <p>None was kept within 7 days. A bridge keeps the last registration and the last OPTIONS.</p>
          ) : (
            bridges.map(({ bridge_id, updated_at, messages }) => (
              <section key={bridge_id} aria-label={`Bridge ${bridge_id}`}>
                <h3>
                  {bridge_id} <Time at={updated_at} />
                </h3>
                <SipLadder messages={messages} />
              </section>
            ))
          )
        }
      </Found>
    </Card>
  );
}

/** What FreeSWITCH gets; the password is masked by the bridge. */
export function GatewayFile({ id }: { id: string }) {
  const gateway = api.useQuery('get', '/api/v1/sip-trunks/{id}/gateway', { params: { path: { id } } });
  return (
    <Card title="Gateway in FreeSWITCH">
      <Found of={gateway}>
        {({ bridge_id, xml, message }) =>
          xml === null ? (
            <p>{message}</p>
          ) : (
            <details>
              <summary>As {bridge_id} writes it; the password is masked</summary>
              <pre tabIndex={0} aria-label="Configuration of the gateway">
                {readable(xml)}
              </pre>
            </details>
          )
        }
      </Found>
    </Card>
  );
}

/** The file writes everything but letters and digits as character references, for FreeSWITCH's sake. */
const readable = (xml: string): string =>
  xml.replace(/&#(\d+);/g, (_reference, code: string) => String.fromCodePoint(Number(code)));
