import { useState } from 'react';
import { Button } from 'react-aria-components';
import { api, client, dataOf } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Confirm } from '../../ui/confirm.js';
import { Card } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { refreshNotifications, type Channel } from './channel.http.js';
import { RuleForm } from './rule-form.js';
import { conditionText, type Rule } from './rule-text.js';

/** What the organisation is notified of, and where it holds now. */
export function Rules({ channels }: { channels: readonly Channel[] }) {
  const rules = api.useQuery('get', '/api/v1/notifications/rules');
  return (
    <>
      <Card title="Rules">
        <Found of={rules}>
          {(all) =>
            all.length === 0 ? (
              <p>There is no rule yet: nothing is sent but tests. Add one below.</p>
            ) : (
              <ul className="list">
                {all.map((rule) => (
                  <OneRule key={rule.id} rule={rule} channels={channels} />
                ))}
              </ul>
            )
          }
        </Found>
      </Card>
      <Card title="Add a rule">
        <RuleForm channels={channels} />
      </Card>
    </>
  );
}

function OneRule({ rule, channels }: { rule: Rule; channels: readonly Channel[] }) {
  const { id, name, enabled, condition, channel_ids, messages_per_hour } = rule;
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<unknown>();
  const params = { path: { id } };
  const names = channel_ids.map((each) => channels.find((channel) => channel.id === each)?.name ?? each);
  const toggle = async () => {
    setError(undefined);
    const body = { enabled: !enabled };
    await dataOf(client.PATCH('/api/v1/notifications/rules/{id}', { params, body })).then(
      refreshNotifications,
      setError,
    );
  };
  const remove = async () => {
    await dataOf(client.DELETE('/api/v1/notifications/rules/{id}', { params }));
    await refreshNotifications();
  };
  return (
    <li>
      <b>{name}</b> {!enabled && <Badge state="suspended">off</Badge>} {conditionText(condition)}
      <p className="muted small">
        To {names.join(', ')}; at most {messages_per_hour} in an hour
      </p>
      <Firing of={rule.firing} />
      <div className="actions">
        <Button onPress={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          Change {name}
        </Button>
        <Button onPress={() => void toggle()}>
          {enabled ? 'Turn off' : 'Turn on'} {name}
        </Button>
        <Confirm action={`Delete ${name}`} onConfirm={remove}>
          <p>Nobody is notified of this any more.</p>
        </Confirm>
      </div>
      {isOpen && <RuleForm channels={channels} rule={rule} onDone={() => setOpen(false)} />}
      {error !== undefined && <Failure error={error} />}
    </li>
  );
}

const Firing = ({ of }: { of: Rule['firing'] }) =>
  of.map(({ subject, since, summary, notified }) => (
    <p key={subject} className="notice warn">
      {summary} Since <Time at={since} />.{!notified && ' No message was sent, because of the limit in an hour.'}
    </p>
  ));
