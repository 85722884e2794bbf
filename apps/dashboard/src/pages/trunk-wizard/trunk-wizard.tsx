import { useState } from 'react';
import { Button } from 'react-aria-components';
import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { Field } from '../../ui/field.js';
import { Page } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { useView } from '../../ui/use-view.js';
import { TestReport } from '../trunk-detail/test-report.js';
import { fieldLabel, missingFields, trunkOf, type Draft, type Preset } from './draft.js';
import { Finish } from './finish.js';

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

function Steps({ presets }: { presets: readonly Preset[] }) {
  const [view, setView] = useView();
  const [draft, setDraft] = useState<Draft>({});
  const [saved, setSaved] = useState<Schemas['Trunk']>();
  const [testing, setTesting] = useState(false);
  const preset = presets.find(({ id }) => id === view('carrier'));
  const at = saved ? 3 : testing ? 2 : preset ? 1 : 0;
  return (
    <>
      <ol className="steps">
        {STEPS.map((step, index) => (
          <li key={step} aria-current={index === at ? 'step' : undefined}>
            {index + 1}. {step}
          </li>
        ))}
      </ol>
      {at === 0 && <Chooser presets={presets} onChoose={(carrier) => setView({ carrier })} />}
      {at === 1 && (
        <Entry
          preset={preset!}
          draft={draft}
          onChange={setDraft}
          onBack={() => setView({ carrier: '' })}
          onDone={() => setTesting(true)}
        />
      )}
      {at === 2 && <TestAndSave preset={preset!} draft={draft} onBack={() => setTesting(false)} onSaved={setSaved} />}
      {at === 3 && <Finish preset={preset!} trunk={saved!} />}
    </>
  );
}

const Chooser = ({ presets, onChoose }: { presets: readonly Preset[]; onChoose: (id: string) => void }) => (
  <>
    <p>Where do your calls come from?</p>
    <div className="options">
      {presets.map(({ id, name, kind }) => (
        <Button key={id} onPress={() => onChoose(id)}>
          <b>{name}</b>
          <span className="muted small">
            {kind === 'registration' ? 'with user name and password' : 'by its address'}
          </span>
        </Button>
      ))}
    </div>
  </>
);

interface EntryProps {
  preset: Preset;
  draft: Draft;
  onChange: (draft: Draft) => void;
  onBack: () => void;
  onDone: () => void;
}

function Entry({ preset, draft, onChange, onBack, onDone }: EntryProps) {
  const missing = missingFields(preset, draft);
  const set = (field: string) => (value: string) => onChange({ ...draft, [field]: value });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing.length === 0) onDone();
      }}
    >
      <h2>{preset.name}</h2>
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
          type={field === 'password' ? 'password' : 'text'}
          value={draft[field] ?? ''}
          onChange={set(field)}
          isRequired={required}
          hint={hint}
          placeholder={field === 'password' ? undefined : (example ?? undefined)}
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

interface TestProps {
  preset: Preset;
  draft: Draft;
  onBack: () => void;
  onSaved: (trunk: Schemas['Trunk']) => void;
}

function TestAndSave({ preset, draft, onBack, onSaved }: TestProps) {
  const [report, setReport] = useState<Schemas['TrunkTest']>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const trunk = trunkOf(preset, draft);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    await work().catch(setError);
    setBusy(false);
  };
  const probe = () =>
    run(async () => setReport(await dataOf(client.POST('/api/v1/sip-trunks/probe', { body: trunk }))));
  const save = () =>
    run(async () => {
      onSaved(await dataOf(client.POST('/api/v1/sip-trunks', { body: trunk })));
      await refresh('/api/v1/sip-trunks', '/api/v1/trunk-states');
    });
  const passed = report?.result === 'pass';
  return (
    <div className="form">
      <p>
        A bridge now tries <code>{trunk.gateway}</code>. Nothing is saved yet.
      </p>
      <div className="actions">
        <Button onPress={onBack}>Back</Button>
        <Button className={report ? '' : 'primary'} isDisabled={busy} onPress={() => void probe()}>
          {report ? 'Test again' : 'Test the connection'}
        </Button>
        <Button className={passed ? 'primary' : ''} isDisabled={busy} onPress={() => void save()}>
          {passed ? 'Save the trunk' : 'Save without a passed test'}
        </Button>
      </div>
      {busy && <p role="status">Working…</p>}
      {error !== undefined && <Failure error={error} />}
      {report && <TestReport report={report} />}
    </div>
  );
}
