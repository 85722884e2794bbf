import { Link, useParams } from 'wouter';
import { useHistoryState } from 'wouter/use-browser-location';
import { api, type Schemas } from '../../api/client.http.js';
import { ATTEMPT_FAILURE_WORDS } from '@trunkmesh/contracts/words.js';
import { length } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { Code, Coded } from '../../ui/coded.js';
import { Card, Facts, Page } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { NOT_SAVED, outcomeCode, outcomeText, stepCode, stepText } from '../calls/call-text.js';
import { readingOf } from '../calls/new-call.js';
import { States } from '../calls/states.js';
import { CallActions } from './call-actions.js';
import { Quality } from './call-media.js';
import { decidedBy, Invite, Routing } from './call-routing.js';
import { CallSip } from './call-sip.js';
import { Recording } from './recording.js';

/** One call: what happened, why it took this way, and how it sounded. */
export default function CallDetail() {
  const { id = '' } = useParams<{ id: string }>();
  const reading = readingOf(useHistoryState<unknown>());
  const call = api.useQuery('get', '/api/v1/calls/{call_id}', { params: { path: { call_id: id } } }, reading);
  return (
    <Page
      title="Call"
      back={{ to: '/calls', label: 'Calls' }}
      actions={call.data?.status === 'ongoing' && <CallActions callId={call.data.call_id} />}
    >
      <Found of={call}>{(found) => <Detail call={found as Schemas['CallDetail']} />}</Found>
    </Page>
  );
}

const Detail = ({ call }: { call: Schemas['CallDetail'] }) => (
  <>
    <Summary call={call} />
    <Routing routing={call.routing} decidedAt={call.decided_at} />
    <CallSip callSid={call.call_sid} isOngoing={call.status === 'ongoing'} decidingHeader={decidedBy(call.routing)} />
    <div className="columns">
      <Timeline of={call.timeline} />
      <Invite invite={call.invite} routing={call.routing} isWithheld={call.caller_withheld === true} />
      {call.attempts.length > 0 && <Attempts of={call.attempts} />}
      <Quality call={call} />
      <Recording recording={call.recording} url={call.recording_url} />
    </div>
  </>
);

const partyOf = ({ caller_withheld, from_number }: Schemas['CallDetail']) =>
  caller_withheld ? 'withheld' : from_number;

const answererOf = ({ assistant_name, flow_name, assistant_id, flow_id }: Schemas['CallDetail']) =>
  assistant_name ?? flow_name ?? assistant_id ?? flow_id ?? 'nobody';

const traceOf = ({ trace_id, trace_url }: Schemas['CallDetail']) => {
  if (trace_id === null) return null;
  const link = (
    <a key="trace" href={trace_url ?? undefined} target="_blank" rel="noreferrer">
      Open the trace
    </a>
  );
  return ['Trace', trace_url === null ? <code key="trace">{trace_id}</code> : link] as const;
};

const trunkOf = ({ trunk_id, attempts }: Schemas['CallDetail']) => {
  if (trunk_id === null) return attempts.some((one) => one.trunk_id === null) ? (['Trunk', NOT_SAVED] as const) : null;
  const link = (
    <Link key="trunk" href={`/trunks/${trunk_id}`}>
      Open the trunk
    </Link>
  );
  return ['Trunk', link] as const;
};

const Summary = ({ call }: { call: Schemas['CallDetail'] }) => (
  <Card title="Summary" actions={<States of={call} />}>
    <Facts
      of={[
        ['From', partyOf(call)],
        ['To', call.to_number],
        ['Direction', call.direction],
        [
          'Outcome',
          <span key="outcome">
            {outcomeText(call)} <Code of={outcomeCode(call)} />
          </span>,
        ],
        ['Began', <Time key="began" at={call.started_at} />],
        ['Answered', <Time key="answered" at={call.answered_at} />],
        ['Ended', <Time key="ended" at={call.ended_at} />],
        ['Length', length(call.duration_seconds)],
        trunkOf(call),
        ['Answered by', answererOf(call)],
        ['Came from', call.source_address ?? '–'],
        ['SIP status', call.sip_status ?? '–'],
        ['Codec', call.codec ?? '–'],
        ['Bridge', call.bridge_id ?? '–'],
        ['Call', <code key="sid">{call.call_sid}</code>],
        call.transferred_to === null ? null : ['Transferred to', call.transferred_to],
        traceOf(call),
      ]}
    />
  </Card>
);

const Timeline = ({ of }: { of: readonly Schemas['TimelineEntry'][] }) => (
  <Card title="Timeline">
    <ol className="list">
      {of.map((step, index) => (
        <li key={`${step.at} ${index}`}>
          <Time at={step.at} /> {stepText(step)} <Code of={stepCode(step)} />
        </li>
      ))}
    </ol>
  </Card>
);

const Attempts = ({ of }: { of: readonly Schemas['CallAttempt'][] }) => (
  <Card title="Attempts">
    <ol className="list">
      {of.map(({ attempt, trunk_id, outcome, reason, sip_status, dialled, failed_over }) => (
        <li key={attempt}>
          <Badge state={outcome === 'answered' ? 'pass' : 'fail'}>{outcome}</Badge>{' '}
          {trunk_id === null ? NOT_SAVED : <Link href={`/trunks/${trunk_id}`}>trunk</Link>}, dialled {dialled}
          {reason !== null && (
            <>
              : <Coded words={ATTEMPT_FAILURE_WORDS} code={reason} />
            </>
          )}
          {sip_status !== null && ` (SIP ${sip_status})`}
          {failed_over && <span className="muted"> The next trunk was tried.</span>}
        </li>
      ))}
    </ol>
  </Card>
);
