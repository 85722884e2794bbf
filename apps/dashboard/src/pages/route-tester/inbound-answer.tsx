import { Link } from 'wouter';
import type { Schemas } from '../../api/client.http.js';
import { CALL_REFUSAL_WORDS } from '@trunkmesh/contracts/words.js';
import { Badge } from '../../ui/badge.js';
import { Coded } from '../../ui/coded.js';
import { Card, Facts } from '../../ui/page.js';
import { Steps } from '../call-detail/call-routing.js';
import { sourceText } from '../calls/call-text.js';
import { useTrunkNames } from '../numbers/trunk-names.js';
import type { Explanation } from './explain.http.js';
import { NOWHERE } from './route-inputs.js';

const MATCHED: Readonly<Record<Schemas['RouteCandidate']['matched_by'], string>> = {
  'gateway-address': 'its gateway has this address',
  'inbound-address': 'the address is one of those that its calls may come from',
  'resolved-host': 'its gateway’s name leads to this address now',
};
const STANDING: Readonly<Record<NonNullable<Schemas['RouteExplanation']['standing']>['at_address'], string>> = {
  sole: 'You alone have trunks at this address.',
  shared: 'Several organisations have trunks at this address: only full public numbers decide.',
  'not-a-candidate': 'Your trunk at this address does not count yet: prove the address on the page of the trunk.',
  'no-claim': 'None of your trunks has this address.',
};

/** The decision, then each step that led to it. */
export function InboundAnswer({ answer: { decision, explanation, assumptions } }: { answer: Explanation }) {
  const { summary, steps, source_address } = explanation;
  return (
    <>
      <Card title="Decision" actions={<Outcome decision={decision} />}>
        <p>{summary}</p>
        {assumptions.length > 0 && <p className="muted">This supposes {assumptions.join(', and ')}.</p>}
        <Facts of={decision.outcome === 'route' ? routeFacts(decision) : refusalFacts(decision)} />
      </Card>
      <Card title="1. Where it comes from">
        {source_address === NOWHERE ? (
          <p>Supposed: from the carrier of the trunk.</p>
        ) : (
          <Origin explanation={explanation} />
        )}
      </Card>
      <Card title="2. Which number was called">
        <p className="muted small">
          The sources are asked in this order. The first that names one of the numbers decides.
        </p>
        <Steps of={steps} />
      </Card>
    </>
  );
}

const Origin = ({
  explanation: { source_address, claimed_gateway, standing, candidates },
}: {
  explanation: Schemas['RouteExplanation'];
}) => (
  <>
    <p>
      From <code>{source_address}</code>
      {claimed_gateway !== null && (
        <>
          , naming the gateway <code>{claimed_gateway}</code>
        </>
      )}
      . {standing !== undefined && STANDING[standing.at_address]}
    </p>
    <Candidates of={candidates} />
  </>
);

const Outcome = ({ decision }: { decision: Explanation['decision'] }) =>
  decision.outcome === 'route' ? (
    <Badge state="accepted" />
  ) : (
    <Badge state="refused">refused with SIP {decision.sip_status}</Badge>
  );

const routeFacts = (decision: Schemas['ExplainedRoute']) =>
  [
    [
      'Number',
      <Link key="number" href={`/numbers?q=${encodeURIComponent(decision.number)}`}>
        {decision.number}
      </Link>,
    ],
    ['Decided by', sourceText(decision.decided_by)],
    ['Answered by', `${decision.target.kind} ${decision.target.id}`],
    ['Trunk', <TrunkName key="trunk" id={decision.trunk_id} />],
    ['Caller', decision.caller ?? 'not named'],
  ] as const;

const refusalFacts = (decision: Schemas['ExplainedRefusal']) => [
  ['Reason', <Coded key="reason" words={CALL_REFUSAL_WORDS} code={decision.reason} />] as const,
  decision.number === null ? null : (['Number', decision.number] as const),
  decision.trunk_id === null ? null : (['Trunk', <TrunkName key="trunk" id={decision.trunk_id} />] as const),
];

const Candidates = ({ of }: { of: readonly Schemas['RouteCandidate'][] }) =>
  of.length === 0 ? (
    <p>
      No trunk has this address. <Link href="/trunks">Open the trunk</Link> and add the address that its calls come
      from.
    </p>
  ) : (
    <ul className="list">
      {of.map(({ trunk_id, matched_by }) => (
        <li key={trunk_id}>
          <TrunkName id={trunk_id} />: {MATCHED[matched_by]}
        </li>
      ))}
    </ul>
  );

/** A trunk by its name. */
export function TrunkName({ id }: { id: string }) {
  const name = new Map(useTrunkNames()).get(id);
  return name === undefined ? <code>{id}</code> : <Link href={`/trunks/${id}`}>{name}</Link>;
}
