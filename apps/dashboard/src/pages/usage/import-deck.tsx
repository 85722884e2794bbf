import { useState } from 'react';
import { Button } from 'react-aria-components';
import { refresh, type Schemas } from '../../api/client.http.js';
import { exchange, pathWith } from '../../api/raw.http.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { count } from '../../format.js';
import { Choice, Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';

type Report = Schemas['RateDeckImport'];

const MODES = [
  ['replace', 'Replaces the deck'],
  ['merge', 'Adds to it: rates that the file does not have stay'],
] as const;

/** Checked first: the second press changes something. */
export function ImportDeck() {
  const [trunk, setTrunk] = useState('');
  const [currency, setCurrency] = useState('USD');
  const [mode, setMode] = useState('replace');
  const [file, setFile] = useState<File>();
  const [report, setReport] = useState<Report>();
  const [error, setError] = useState<unknown>();
  /** What was checked is what is imported: any other entry needs another check. */
  const entering =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value);
      setReport(undefined);
      setError(undefined);
    };
  const send = async (dry: boolean) => {
    setError(undefined);
    const path = pathWith(`/api/v1/usage/rate-decks/${trunk}`, { currency, mode, dry_run: String(dry) });
    try {
      const answer = await exchange(path, { method: 'PUT', body: file!, headers: { 'Content-Type': 'text/csv' } });
      setReport((await answer.json()) as Report);
      if (!dry) await refresh('/api/v1/usage');
    } catch (problem) {
      setReport(undefined);
      setError(problem);
    }
  };
  const isReady = trunk !== '' && currency.length === 3 && file !== undefined;
  return (
    <Card title="Import a rate deck">
      <div className="filters">
        <TrunkChoice label="Carrier of the trunk" value={trunk} onChange={entering(setTrunk)} none="Choose a trunk" />
        <Field
          label="Currency"
          value={currency}
          onChange={(to) => entering(setCurrency)(to.toUpperCase())}
          maxLength={3}
        />
        <Choice label="The file" value={mode} onChange={entering(setMode)} options={MODES} />
        <label className="field">
          <span>CSV file</span>
          <input type="file" accept=".csv,text/csv" onChange={(event) => entering(setFile)(event.target.files?.[0])} />
        </label>
      </div>
      <p className="muted small">
        The first line names the columns: <code>prefix,rate_per_minute</code>. There may also be{' '}
        <code>direction,effective_from,increments,minimum_seconds</code>.
      </p>
      <div className="actions">
        <Button isDisabled={!isReady} onPress={() => void send(true)}>
          Check the file
        </Button>
        {report?.dry_run === true && (
          <Button className="primary" onPress={() => void send(false)}>
            Import it
          </Button>
        )}
      </div>
      {report && <Reported report={report} />}
      {error !== undefined && <Failure error={error} />}
    </Card>
  );
}

const Reported = ({ report: { dry_run, added, changed, removed, unchanged } }: { report: Report }) => (
  <p role="status" className={dry_run ? 'notice' : 'notice good'}>
    {dry_run ? 'Nothing is changed yet. The import would make:' : 'Imported:'} {count(added)} new, {count(changed)}{' '}
    changed, {count(removed)} removed, {count(unchanged)} unchanged.
  </p>
);
