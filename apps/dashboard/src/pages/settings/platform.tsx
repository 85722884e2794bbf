import { useState } from 'react';
import { Button } from 'react-aria-components';
import type { Schemas } from '../../api/client.http.js';
import { useSession } from '../../session/session.js';
import { useOrganization } from '../../session/use-organization.js';
import { Confirm } from '../../ui/confirm.js';
import { Field } from '../../ui/field.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Card, Facts } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { Save } from './save.js';
import { SettingChoice } from './setting-choice.js';
import { changeOrganization, useSettings } from './use-settings.js';

type Organization = Schemas['Organization'];

const ABOVE = 'As the operator has set it';
const RECORD = [
  ['', ABOVE],
  ['true', 'Record answered calls'],
  ['false', 'Do not record'],
] as const;
const SIP = [
  ['', ABOVE],
  ['true', 'Kept, without credentials, for 7 days'],
  ['false', 'Not kept'],
] as const;

/** Where the assistant is, and what every call of the organisation has in common. */
export default function Platform() {
  const { mayManage } = useSession();
  const organization = useOrganization();
  return (
    <Found of={organization}>
      {(found) =>
        mayManage ? (
          <>
            <Hints of={found.hints} />
            <PlatformForm organization={found} />
            <SigningSecret organization={found} />
          </>
        ) : (
          <>
            <OnlyAdmins what="change these settings" />
            <Shown organization={found} />
          </>
        )
      }
    </Found>
  );
}

const Hints = ({ of }: { of: Organization['hints'] }) =>
  of.map(({ pointer, message }) => (
    <p key={pointer + message} className="notice warn">
      <code>{pointer.slice(1)}</code> {message}
    </p>
  ));

const ZONES = (present: string) =>
  [...new Set(['UTC', present, ...Intl.supportedValuesOf('timeZone')])].map((zone) => [zone, zone] as const);

function PlatformForm({ organization }: { organization: Organization }) {
  const form = useSettings(organization);
  const { draft, set, problemOfField } = form;
  const text = (member: 'media_url' | 'prewarm_url' | 'status_url' | 'answer_deadline_ms' | 'max_call_seconds') => ({
    value: draft[member],
    onChange: set(member),
    problem: problemOfField(member),
  });
  return (
    <Card title="Platform">
      <div className="form">
        <Field label="Name" value={draft.name} onChange={set('name')} problem={problemOfField('name')} />
        <SettingChoice
          form={form}
          of="time_zone"
          label="Time zone of days and months"
          options={ZONES(draft.time_zone)}
        />
        <Field
          label="Media stream"
          {...text('media_url')}
          placeholder="wss://assistant.example.com/media"
          hint="The assistant's WebSocket. Empty: as the operator has set it."
        />
        <Field
          label="Prewarm"
          {...text('prewarm_url')}
          placeholder="https://assistant.example.com/prewarm"
          hint="Informed of a call while it rings, so that the assistant can prepare."
        />
        <Field
          label="Status"
          {...text('status_url')}
          placeholder="https://assistant.example.com/status"
          hint="Informed of every change of a call's status."
        />
        <Field
          label="The assistant answers within, milliseconds"
          {...text('answer_deadline_ms')}
          inputMode="numeric"
          hint="If the assistant takes longer, the call is refused with SIP 503."
        />
        <Field label="A call ends after, seconds" {...text('max_call_seconds')} inputMode="numeric" />
        <SettingChoice form={form} of="record" label="Recording" options={RECORD} />
        <SettingChoice form={form} of="keep_sip_messages" label="SIP messages" options={SIP} />
        <Save form={form} />
      </div>
    </Card>
  );
}

/** It is never shown: it can only be replaced or removed. */
function SigningSecret({ organization: { id, has_signing_secret } }: { organization: Organization }) {
  const [secret, setSecret] = useState('');
  const [error, setError] = useState<unknown>();
  const replace = async () => {
    setError(undefined);
    await changeOrganization(id, { signing_secret: secret }).then(() => setSecret(''), setError);
  };
  return (
    <Card title="Signing secret">
      <p>
        {has_signing_secret
          ? 'A secret is stored: what goes to the URLs above is signed with it. It is never shown.'
          : 'None is stored: what goes to the URLs above is not signed.'}
      </p>
      <div className="form">
        <Field label="New secret" type="password" autoComplete="off" value={secret} onChange={setSecret} />
        <p className="muted small">New calls are signed with it at once: enter it at the assistant at the same time.</p>
        <div className="actions">
          <Button className="primary" isDisabled={secret === ''} onPress={() => void replace()}>
            {has_signing_secret ? 'Replace the secret' : 'Store the secret'}
          </Button>
          {has_signing_secret && (
            <Confirm action="Remove the secret" onConfirm={() => changeOrganization(id, { signing_secret: null })}>
              <p>What goes to the URLs above is no longer signed. An assistant that checks signatures refuses it.</p>
            </Confirm>
          )}
        </div>
        {error !== undefined && <Failure error={error} />}
      </div>
    </Card>
  );
}

const Shown = ({ organization }: { organization: Organization }) => (
  <Card title="Platform">
    <Facts
      of={[
        ['Time zone', organization.time_zone],
        ['Media stream', organization.media_url ?? ABOVE],
        ['Prewarm', organization.prewarm_url ?? ABOVE],
        ['Status', organization.status_url ?? ABOVE],
        ['Signing secret', organization.has_signing_secret ? 'stored' : 'none'],
      ]}
    />
  </Card>
);
