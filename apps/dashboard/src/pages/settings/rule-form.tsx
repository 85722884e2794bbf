import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf } from '../../api/client.http.js';
import { numberOf } from '../../form/values.js';
import { Check, Choice, Field } from '../../ui/field.js';
import { Failure } from '../../ui/states.js';
import { useAction } from '../../ui/use-action.js';
import { refreshNotifications, type Channel } from './channel.http.js';
import { conditionOf, figuresOf, firstFigures, KIND_OPTIONS, KINDS, type Kind, type Rule } from './rule-text.js';

interface RuleFormProps {
  channels: readonly Channel[];
  /** The rule to change; absent: a new one. */
  rule?: Rule;
  onDone?: () => void;
}

const first = (channels: readonly Channel[]) => ({
  name: '',
  kind: 'registration-lost' as Kind,
  figures: firstFigures('registration-lost'),
  chosen: channels.slice(0, 1).map(({ id }) => id) as readonly string[],
  hourly: '6',
});

const draftOf = ({ name, condition, channel_ids, messages_per_hour }: Rule) => ({
  name,
  kind: condition.kind,
  figures: figuresOf(condition),
  chosen: channel_ids as readonly string[],
  hourly: String(messages_per_hour),
});

/** A rule's condition, its channels and how many messages it may send. */
export function RuleForm({ channels, rule, onDone }: RuleFormProps) {
  const [draft, setDraft] = useState(rule === undefined ? first(channels) : draftOf(rule));
  const { error, busy, run } = useAction();
  const { name, kind, figures, chosen, hourly } = draft;
  const set = (changes: Partial<typeof draft>) => setDraft({ ...draft, ...changes });
  const save = (event: FormEvent) => {
    event.preventDefault();
    // The alerts of a rule that is changed stay as they were chosen.
    const isKept = rule?.condition.kind === 'usage-alert' && kind === 'usage-alert';
    const condition = isKept ? rule.condition : conditionOf(kind, figures);
    const body = { name: name.trim(), condition, channel_ids: [...chosen], messages_per_hour: numberOf(hourly) };
    void run(async () => {
      await write(rule, body);
      if (rule === undefined) setDraft(first(channels));
      onDone?.();
      await refreshNotifications();
    });
  };
  return (
    <form className="form" onSubmit={save}>
      <Field label="Name of the rule" value={name} onChange={(to) => set({ name: to })} placeholder="Trunk down" />
      <Choice
        label="Notify when"
        value={kind}
        onChange={(to) => set({ kind: to as Kind, figures: firstFigures(to as Kind) })}
        options={KIND_OPTIONS}
      />
      {KINDS[kind].figures.map(([member, label]) => (
        <Field
          key={member}
          label={label}
          value={figures[member] ?? ''}
          onChange={(to) => set({ figures: { ...figures, [member]: to } })}
          inputMode="decimal"
        />
      ))}
      <ChannelChecks channels={channels} chosen={chosen} onChange={(to) => set({ chosen: to })} />
      <Field
        label="Messages in an hour, at most"
        value={hourly}
        onChange={(to) => set({ hourly: to })}
        inputMode="numeric"
      />
      <Button type="submit" className="primary" isDisabled={busy || name.trim() === '' || chosen.length === 0}>
        {rule === undefined ? 'Add the rule' : 'Save the rule'}
      </Button>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}

type Body = Pick<Rule, 'name' | 'condition' | 'channel_ids' | 'messages_per_hour'>;

const write = (rule: Rule | undefined, body: Body) =>
  rule === undefined
    ? dataOf(client.POST('/api/v1/notifications/rules', { body }))
    : dataOf(client.PATCH('/api/v1/notifications/rules/{id}', { params: { path: { id: rule.id } }, body }));

interface ChannelChecksProps {
  channels: readonly Channel[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

const ChannelChecks = ({ channels, chosen, onChange }: ChannelChecksProps) => (
  <fieldset>
    <legend>Channels</legend>
    {channels.map(({ id, name }) => (
      <div key={id}>
        <Check
          isSelected={chosen.includes(id)}
          onChange={(isChosen) => onChange(isChosen ? [...chosen, id] : chosen.filter((each) => each !== id))}
        >
          {name}
        </Check>
      </div>
    ))}
  </fieldset>
);
