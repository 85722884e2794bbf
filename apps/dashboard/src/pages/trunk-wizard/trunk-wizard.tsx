import { useState } from 'react';
import { Button } from 'react-aria-components';
import { api } from '../../api/client.http.js';
import { Field } from '../../ui/field.js';
import { Page } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { useView } from '../../ui/use-view.js';
import {
  draftFrom,
  fieldLabel,
  isSecret,
  missingFields,
  NO_SECRETS,
  secretsOf,
  stepOf,
  withSecret,
  type Draft,
  type Preset,
} from './draft.js';
import { Finish } from './finish.js';
import { TestAndSave } from './test-and-save.js';

const STEPS = ['Choose', 'Enter', 'Test and save', 'Enter at the carrier'] as const;

/** Nothing is saved before the third step's button, so leaving the wizard leaves nothing behind. */
export default function TrunkWizard() {
  const presets = api.useQuery('get', '/api/v1/sip-trunks/presets', {}, { staleTime: Infinity });
  return (
    <Page title="Connect a carrier or PBX" back={{ to: '/trunks', label: 'Trunks' }}>
      <Found of={presets}>{(all) => <Steps presets={all} />}</Found>
    </Page>
  );
}

function useWizard(presets: readonly Preset[]) {
  const [view, setView] = useView();
  const [secrets, setSecrets] = useState(NO_SECRETS);
  const [isAgain, setAgain] = useState(false);
  const preset = presets.find(({ id }) => id === view('carrier'));
  const draft = preset === undefined ? {} : { ...draftFrom(preset, view), ...secretsOf(secrets, preset.id) };
  const missing = preset === undefined ? [] : missingFields(preset, draft);
  const wantsTest = view('step') === 'test';
  // What is missing is entered to its end: the step does not change under the person's fingers.
  if (isAgain !== (wantsTest && (isAgain || missing.length > 0))) setAgain(!isAgain);
  const isTesting = wantsTest && !isAgain;
  const saved = view('saved');
  const at = stepOf({ isChosen: preset !== undefined, isTesting, missing: missing.length, isSaved: saved !== '' });
  const change = (field: string, value: string) =>
    isSecret(field)
      ? setSecrets(withSecret(secrets, view('carrier'), { [field]: value }))
      : setView({ [field]: value });
  const test = () => {
    setAgain(false);
    if (!wantsTest) setView({ step: 'test' }, { push: true });
  };
  return { at, preset, draft, missing, isAgain, saved, setView, change, test };
}

/** Where one is, and what was entered, is in the URL: a reload and Back lose nothing but secrets. */
function Steps({ presets }: { presets: readonly Preset[] }) {
  const { at, preset, draft, missing, isAgain, saved, setView, change, test } = useWizard(presets);
  return (
    <>
      <ol className="steps">
        {STEPS.map((step, index) => (
          <li key={step} aria-current={index === at ? 'step' : undefined}>
            {index + 1}. {step}
          </li>
        ))}
      </ol>
      {at === 0 && <Chooser presets={presets} onChoose={(carrier) => setView({ carrier }, { push: true })} />}
      {at === 1 && (
        <Entry
          preset={preset!}
          draft={draft}
          missing={missing}
          isAgain={isAgain}
          onChange={change}
          onBack={() => setView({ carrier: '', step: '' }, { push: true })}
          onDone={test}
        />
      )}
      {at === 2 && (
        <TestAndSave
          preset={preset!}
          draft={draft}
          onBack={() => setView({ step: '' }, { push: true })}
          onSaved={({ id }) => setView({ saved: id })}
        />
      )}
      {at === 3 && <Saved id={saved} preset={preset} />}
    </>
  );
}

/** Read again after a reload. */
function Saved({ id, preset }: { id: string; preset: Preset | undefined }) {
  const trunk = api.useQuery('get', '/api/v1/sip-trunks/{id}', { params: { path: { id } } });
  return <Found of={trunk}>{(found) => <Finish preset={preset} trunk={found} />}</Found>;
}

const Chooser = ({ presets, onChoose }: { presets: readonly Preset[]; onChoose: (id: string) => void }) => (
  <>
    <p>Where do your calls come from?</p>
    <div className="options">
      {presets.map(({ id, name, kind, confirmed }) => (
        <Button key={id} onPress={() => onChoose(id)}>
          <b>{name}</b>
          <span className="muted small">
            {kind === 'registration' ? 'with user name and password' : 'by its address'}
            {!confirmed && '; not confirmed'}
          </span>
        </Button>
      ))}
    </div>
  </>
);

interface EntryProps {
  preset: Preset;
  draft: Draft;
  missing: readonly string[];
  /** After a reload: secrets are kept nowhere. */
  isAgain: boolean;
  onChange: (field: string, value: string) => void;
  onBack: () => void;
  onDone: () => void;
}

function Entry({ preset, draft, missing, isAgain, onChange, onBack, onDone }: EntryProps) {
  const set = (field: string) => (value: string) => onChange(field, value);
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing.length === 0) onDone();
      }}
    >
      <h2>{preset.name}</h2>
      {isAgain && (
        <p className="notice" role="status">
          Enter the password and other secrets again: the page keeps them nowhere.
        </p>
      )}
      {!preset.confirmed && (
        <p className="notice warn">
          <b>These settings are not confirmed</b> by a document of {preset.name}. Compare them with what it gave you;
          the test shows what works.
        </p>
      )}
      {preset.notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
      <Field
        label="Name"
        value={draft['name'] ?? ''}
        onChange={set('name')}
        isRequired
        hint="How you call this connection, for example Office Manila."
      />
      {preset.fields.map(({ field, required, hint, example }) => (
        <Field
          key={field}
          label={required ? fieldLabel(field) : `${fieldLabel(field)} (optional)`}
          type={isSecret(field) ? 'password' : 'text'}
          value={draft[field] ?? ''}
          onChange={set(field)}
          isRequired={required}
          hint={hint}
          placeholder={isSecret(field) ? undefined : (example ?? undefined)}
          autoComplete="off"
        />
      ))}
      <div className="actions">
        <Button onPress={onBack}>Back</Button>
        <Button type="submit" className="primary" isDisabled={missing.length > 0}>
          Continue to the test
        </Button>
      </div>
    </form>
  );
}
