import { CALL_REFUSAL_WORDS, LEFT_OUT_WORDS, OUTBOUND_CHECK_WORDS, wordsFor } from '@trunkmesh/contracts/words.js';
import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { Badge } from '../../ui/badge.js';
import { Coded } from '../../ui/coded.js';
import { Field } from '../../ui/field.js';
import { Card, Facts } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { useView } from '../../ui/use-view.js';
import { useTrunkNames } from '../numbers/trunk-names.js';
import { useExplanation, type OutboundExplanation } from './explain.http.js';
import { TrunkName } from './inbound-answer.js';
import { outboundBody, type OutboundInputs } from './route-inputs.js';
import type { Schemas } from '../../api/client.http.js';

/** Which trunks an outbound call would try. */
export function OutboundTest() {
  const [view, setView] = useView();
  const inputs = { from: view('from'), to: view('to'), shown: view('shown'), trunk: view('trunk') };
  const body = outboundBody(inputs);
  const answer = useExplanation<OutboundExplanation>(body);
  const show = (wanted: OutboundInputs) => {
    setView({ ...wanted });
    if (JSON.stringify(wanted) === JSON.stringify(inputs)) void answer.refetch();
  };
  return (
    <>
      <OutboundForm key={JSON.stringify(inputs)} inputs={inputs} onTest={show} />
      {body === undefined ? (
        <p className="muted">Enter one of your numbers and the number to call, then test it.</p>
      ) : (
        <Found of={answer}>{(found) => <OutboundAnswer answer={found} />}</Found>
      )}
    </>
  );
}

function OutboundForm({ inputs, onTest }: { inputs: OutboundInputs; onTest: (inputs: OutboundInputs) => void }) {
  const [draft, setDraft] = useState(inputs);
  const set = (name: keyof OutboundInputs) => (value: string) => setDraft({ ...draft, [name]: value.trim() });
  const test = (event: FormEvent) => {
    event.preventDefault();
    onTest(draft);
  };
  return (
    <Card title="The call">
      <form onSubmit={test} className="filters">
        <Field label="From your number" value={draft.from} onChange={set('from')} placeholder="+15550100200" />
        <Field label="To" value={draft.to} onChange={set('to')} placeholder="+15550100300" />
        <Field label="Shown number" value={draft.shown} onChange={set('shown')} placeholder="As the calling number" />
        <TrunkChoice label="Only this trunk" value={draft.trunk} onChange={set('trunk')} none="By the rules" />
        <Button type="submit" className="primary" isDisabled={outboundBody(draft) === undefined}>
          Test the route
        </Button>
      </form>
    </Card>
  );
}

const OutboundAnswer = ({ answer: { decision, explanation } }: { answer: OutboundExplanation }) => (
  <>
    <Card title="Decision" actions={<Badge state={decision.outcome === 'call' ? 'accepted' : 'refused'} />}>
      <Summary text={explanation.summary} />
      <Facts
        of={[
          ['From', decision.from],
          ['To', decision.to ?? 'no public number'],
          ['Country', decision.country ?? 'none'],
          decision.outcome === 'call'
            ? ['Shown number', decision.caller_id]
            : ['Reason', <Coded key="reason" words={CALL_REFUSAL_WORDS} code={decision.reason} />],
        ]}
      />
    </Card>
    <Card title="1. What is checked">
      <ul className="list">
        {explanation.checks.map(({ check, passed, detail }) => (
          <li key={check}>
            <Badge state={passed ? 'pass' : 'fail'} /> <b>{wordsFor(OUTBOUND_CHECK_WORDS, check)}</b>: {detail}
          </li>
        ))}
      </ul>
    </Card>
    {decision.outcome === 'call' && <Attempts of={decision.attempts} />}
    {explanation.left_out.length > 0 && <LeftOut of={explanation.left_out} />}
  </>
);

/** The sentence names trunks by their ids. */
function Summary({ text }: { text: string }) {
  const names = useTrunkNames();
  return <p>{names.reduce((sentence, [id, name]) => sentence.replaceAll(id, name), text)}</p>;
}

const WHY: Readonly<Record<Schemas['PlannedAttempt']['chosen_by'], string>> = {
  request: 'the request names it',
  'number-trunk': 'it is the trunk of the number',
  priority: 'it follows by priority',
};

const Attempts = ({ of }: { of: readonly Schemas['PlannedAttempt'][] }) => (
  <Card title="2. The trunks, one after the other">
    <ol>
      {of.map(({ trunk_id, chosen_by, gateway, bridge_id, dialled }) => (
        <li key={trunk_id}>
          <TrunkName id={trunk_id} />: {WHY[chosen_by]}. Its gateway is {gateway}. It dials <code>{dialled}</code>
          {bridge_id === null ? ' on any bridge that has the trunk.' : ` on ${bridge_id}.`}
        </li>
      ))}
    </ol>
  </Card>
);

const LeftOut = ({ of }: { of: readonly Schemas['LeftOutTrunk'][] }) => (
  <Card title="Trunks that are not tried">
    <ul className="list">
      {of.map(({ trunk_id, reason }) => (
        <li key={trunk_id}>
          <TrunkName id={trunk_id} />: <Coded words={LEFT_OUT_WORDS} code={reason} />
        </li>
      ))}
    </ul>
  </Card>
);
