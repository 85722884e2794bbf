import type { Schemas } from '../../api/client.http.js';
import { isDecidingHeader } from '../../sip/deciding.js';
import { Card } from '../../ui/page.js';
import { sourceText, verdictText } from '../calls/call-text.js';

type Decision = Schemas['RoutingDecision'];

/** The source that decided; null where none did. */
export const decidedBy = (routing: Decision | null): string | null =>
  routing !== null && routing.outcome === 'route' ? routing.decided_by : null;

/** Why the call took this way: every source of the called number, in the order in which they count. */
export function Routing({ routing, decidedAt }: { routing: Decision | null; decidedAt: string | null }) {
  if (routing === null) return null;
  const { summary, steps } = routing.explanation;
  return (
    <Card title="Why it took this way">
      <p>{summary}</p>
      {decidedAt === 'local' && (
        <p className="muted">The bridge decided itself, because routing did not answer in time.</p>
      )}
      <Steps of={steps} />
    </Card>
  );
}

export const Steps = ({ of }: { of: readonly Schemas['ExplanationStep'][] }) => (
  <div className="scroll" tabIndex={0} role="region" aria-label="Sources of the called number">
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col">What arrived</th>
          <th scope="col">Number</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {of.map((step) => (
          <tr key={step.source} className={step.verdict === 'decided' ? 'decided' : undefined}>
            <th scope="row">{sourceText(step.source)}</th>
            <td>{step.raw === null ? '–' : <code>{step.raw}</code>}</td>
            <td>{step.number ?? '–'}</td>
            <td>{verdictText(step)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

interface InviteProps {
  invite: Schemas['CapturedInvite'] | null;
  routing: Decision | null;
  /** The caller withholds the number. */
  isWithheld: boolean;
}

/** The headers that say who calls, also in their compact forms. */
const IDENTITY = /^(?:p-asserted-identity|p-preferred-identity|remote-party-id|from|f|contact|m|reply-to)$/;

/** The INVITE as it arrived; the header that decided is marked. */
export function Invite({ invite, routing, isWithheld }: InviteProps) {
  if (invite === null) return null;
  const decided = decidedBy(routing);
  const rows: readonly (readonly [source: string, title: string, value: string])[] = [
    invite.request_uri === undefined
      ? ['Request-URI', 'Request-URI user', invite.request_uri_user]
      : ['Request-URI', 'Request-URI', invite.request_uri],
    ['To', 'To user', invite.to_user],
    ...(invite.offer === undefined ? [] : [['', 'Codecs offered', invite.offer?.join(', ') ?? 'no SDP'] as const]),
    ...invite.headers.map(([name, value]) => [name, name, value] as const),
  ];
  return (
    <Card title="Captured INVITE">
      <div className="scroll" tabIndex={0} role="region" aria-label="Headers of the INVITE">
        <table className="plain">
          <tbody>
            {rows.map(([source, title, value], index) => (
              <tr key={`${title} ${index}`} className={isDecidingHeader(source, decided) ? 'decided' : undefined}>
                <th scope="row">
                  {title}
                  {isDecidingHeader(source, decided) && <span className="badge good">decided</span>}
                </th>
                <td>{isWithheld && IDENTITY.test(source) ? <i>withheld</i> : <code>{value}</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {invite.truncated && <p className="muted small">The rest of the INVITE was too long to keep.</p>}
    </Card>
  );
}
