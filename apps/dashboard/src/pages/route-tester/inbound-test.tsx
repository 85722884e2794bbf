import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { useView } from '../../ui/use-view.js';
import { explainInvite, useExplanation, type Explanation } from './explain.http.js';
import { InboundAnswer } from './inbound-answer.js';
import { HEADERS, headerLines, inboundBody, inputsOf, withoutPassword, type InboundInputs } from './route-inputs.js';

const NAMES = ['source', 'trunk', 'to', 'uri', 'from', 'gateway', 'headers'] as const;

/** An inbound call, given as fields or as a pasted INVITE. */
export function InboundTest() {
  const [view, setView] = useView();
  const inputs = Object.fromEntries(NAMES.map((name) => [name, view(name)])) as unknown as InboundInputs;
  const body = inboundBody(inputs);
  const answer = useExplanation<Explanation>(body);
  const show = (wanted: InboundInputs) => {
    setView({ ...wanted });
    if (JSON.stringify(wanted) === JSON.stringify(inputs)) void answer.refetch();
  };
  return (
    <>
      <div className="columns">
        <PasteInvite inputs={inputs} onRead={show} />
        <InboundForm key={JSON.stringify(inputs)} inputs={inputs} onTest={show} />
      </div>
      {body === undefined ? (
        <p className="muted">Paste an INVITE or enter the called number, then test it.</p>
      ) : (
        <Found of={answer}>{(found) => <InboundAnswer answer={found} />}</Found>
      )}
    </>
  );
}

interface PasteInviteProps {
  inputs: InboundInputs;
  onRead: (inputs: InboundInputs) => void;
}

/** The service reads the INVITE once; of it only the fields that decide a route are kept. */
function PasteInvite({ inputs: { source, trunk }, onRead }: PasteInviteProps) {
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>();
  const [notes, setNotes] = useState<readonly string[]>([]);
  const read = async () => {
    setError(undefined);
    setNotes([]);
    const known = {
      ...(source === '' ? {} : { source_address: source }),
      ...(trunk === '' ? {} : { trunk_id: trunk }),
    };
    await explainInvite({ invite: text, ...known }).then(({ request, assumptions }) => {
      setNotes(assumptions);
      setText('');
      onRead(inputsOf(request, trunk));
    }, setError);
  };
  return (
    <Card title="Paste an INVITE">
      <Field
        label="INVITE"
        value={text}
        onChange={setText}
        rows={8}
        placeholder="INVITE sip:+15550100200@192.0.2.1 SIP/2.0"
        hint="As a trace or your PBX shows it. Only the fields on this page are kept of it."
      />
      <Button className="primary" isDisabled={text.trim() === ''} onPress={() => void read()}>
        Read it and test
      </Button>
      {notes.length > 0 && <p role="status">It is supposed {notes.join(', and ')}. Check it in the form.</p>}
      {error !== undefined && <Failure error={error} />}
    </Card>
  );
}

interface InboundFormProps {
  inputs: InboundInputs;
  onTest: (inputs: InboundInputs) => void;
}

function InboundForm({ inputs, onTest }: InboundFormProps) {
  const [draft, setDraft] = useState(inputs);
  const [strange, setStrange] = useState<string>();
  const set = (name: keyof InboundInputs) => (value: string) => setDraft({ ...draft, [name]: value });
  const test = (event: FormEvent) => {
    event.preventDefault();
    const lines = headerLines(draft.headers);
    setStrange('strange' in lines ? lines.strange : undefined);
    if ('strange' in lines) return;
    const clean = NAMES.map((name) => [name, withoutPassword(draft[name].trim())] as const);
    onTest(Object.fromEntries(clean) as unknown as InboundInputs);
  };
  return (
    <Card title="Or fill in the fields">
      <form onSubmit={test}>
        <Field label="Called number" value={draft.to} onChange={set('to')} placeholder="+15550100200" hint="To" />
        <Field label="Calling number" value={draft.from} onChange={set('from')} placeholder="+15550100300" />
        <Field
          label="Source address"
          value={draft.source}
          onChange={set('source')}
          placeholder="198.51.100.7"
          hint="The address that the call comes from."
        />
        <TrunkChoice
          label="Or suppose that it comes from the carrier of"
          value={draft.trunk}
          onChange={set('trunk')}
          none="No trunk in particular"
        />
        <Field label="Request-URI" value={draft.uri} onChange={set('uri')} hint="A URI, or its user part." />
        <Field
          label="Headers"
          value={draft.headers}
          onChange={set('headers')}
          rows={3}
          placeholder="Diversion: <sip:+15550100200@192.0.2.1>"
          hint={`One a line: ${HEADERS.join(', ')}.`}
          problem={strange === undefined ? undefined : `"${strange}" names neither the called number nor the caller.`}
        />
        <Button type="submit" className="primary" isDisabled={inboundBody(draft) === undefined}>
          Test the route
        </Button>
      </form>
    </Card>
  );
}
