import { useMemo, useState } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components';
import { Time } from '../ui/time.js';
import { linesOf } from './deciding.js';
import { ladderOf, spokenStep, type Lane, type SipMessage, type Step } from './ladder.js';

interface LadderProps {
  messages: readonly SipMessage[];
  /** The source that decided the call, for example `Diversion`; it is marked in the INVITE. */
  decidingHeader?: string | null;
}

/** Who sent what to whom. A message is chosen by click, or with the arrow keys, and its text is shown below. */
export function SipLadder({ messages, decidingHeader = null }: LadderProps) {
  const { lanes, steps } = useMemo(() => ladderOf(messages), [messages]);
  const [place, setPlace] = useState<number>();
  const chosen = steps.find((step) => step.place === place);
  return (
    <>
      <p className="muted small">Choose a message to read it: click it, or use the arrow keys and Enter.</p>
      <div className="scroll">
        <div className="ladder" style={{ minWidth: 90 + lanes.length * 120 }}>
          <Lanes of={lanes} />
          <ListBox
            aria-label="SIP messages"
            selectionMode="single"
            selectedKeys={place === undefined ? [] : [place]}
            onSelectionChange={(keys) => setPlace(keys === 'all' ? undefined : ([...keys][0] as number | undefined))}
          >
            {steps.map((step) => (
              <ListBoxItem key={step.place} id={step.place} textValue={spokenStep(step)} className="ladder-step">
                <Arrow step={step} lanes={lanes.length} />
              </ListBoxItem>
            ))}
          </ListBox>
        </div>
      </div>
      {chosen && <MessageText step={chosen} decidingHeader={decidingHeader} />}
      <AsTable of={steps} onChoose={setPlace} />
    </>
  );
}

/** Each lane is two columns of the grid; its line is between them. */
const columnsOf = (lanes: number) => ({ gridTemplateColumns: `80px repeat(${lanes * 2}, minmax(0, 1fr))` });
const lineOf = (lane: number) => 3 + lane * 2;

const Lanes = ({ of }: { of: readonly Lane[] }) => (
  <div className="ladder-lanes" style={columnsOf(of.length)}>
    {of.map(({ address, isBridge }, lane) => (
      <div key={address} style={{ gridColumn: `${lineOf(lane) - 1} / ${lineOf(lane) + 1}` }}>
        <code>{address}</code>
        {isBridge && <span className="muted small"> bridge</span>}
      </div>
    ))}
  </div>
);

function Arrow({ step, lanes }: { step: Step; lanes: number }) {
  const { from, to, label, after, isRepeated, message } = step;
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  const tone = message.status === null || message.status < 300 ? '' : ' bad';
  return (
    <div className="ladder-row" style={columnsOf(lanes)}>
      <span className="muted small">{after}</span>
      {Array.from({ length: lanes }, (_, lane) => (
        <i key={lane} className="life" aria-hidden="true" style={{ gridColumn: lineOf(lane), gridRow: 1 }} />
      ))}
      <span
        className={`arrow ${from <= to ? 'right' : 'left'}${tone}`}
        style={{ gridColumn: `${lineOf(first)} / ${first === last ? lineOf(last) + 1 : lineOf(last)}`, gridRow: 1 }}
      >
        {label}
        {isRepeated && <span className="muted"> again</span>}
      </span>
    </div>
  );
}

const MessageText = ({ step, decidingHeader }: { step: Step; decidingHeader: string | null }) => (
  <section aria-label={`Message ${step.place}`}>
    <div role="status">
      <h3>
        Message {step.place}: {step.label}
      </h3>
    </div>
    <p className="muted small">
      <Time at={step.message.at} />, {step.message.transport.toUpperCase()}, Call-ID{' '}
      <code>{step.message.sip_call_id}</code>
    </p>
    <pre tabIndex={0} aria-label="Text of the message">
      {linesOf(step.message.text, decidingHeader).map(({ text, isDeciding }, index) => (
        <span key={index}>
          {isDeciding ? <mark>{text}</mark> : text}
          {'\n'}
        </span>
      ))}
    </pre>
    {step.message.truncated && <p className="muted small">The end of the message was too long to keep.</p>}
  </section>
);

/** The same for who reads tables better than arrows. */
const AsTable = ({ of, onChoose }: { of: readonly Step[]; onChoose: (place: number) => void }) => (
  <details>
    <summary>As a table</summary>
    <div className="scroll" tabIndex={0} role="region" aria-label="SIP messages as a table">
      <table className="plain">
        <thead>
          <tr>
            {['Time', 'From', 'To', 'Message'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map(({ place, message, label, after }) => (
            <tr key={place}>
              <td>
                <Time at={message.at} /> <span className="muted">{after}</span>
              </td>
              <td>{message.source}</td>
              <td>{message.destination}</td>
              <td>
                <button type="button" onClick={() => onChoose(place)}>
                  {label}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </details>
);
