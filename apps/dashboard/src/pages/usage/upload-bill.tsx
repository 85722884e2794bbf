import { useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { useLocation } from 'wouter';
import { api, refresh } from '../../api/client.http.js';
import { count, percent } from '../../format.js';
import { DayFields } from '../../choices/day-fields.js';
import { daysFilter } from '../../days.js';
import { Check, Choice, Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';
import { useTrunkNames } from '../numbers/trunk-names.js';
import { suits, type CsvHead } from './csv-head.js';
import { MapColumns } from './map-columns.js';
import { headOf, uploadBill, type Upload } from './upload.http.js';

const OWN = '+';

/** The carrier's file, how it is written, and which trunks are that carrier's. */
export function UploadBill() {
  const formats = api.useQuery('get', '/api/v1/usage/carrier-formats');
  const [file, setFile] = useState<File>();
  const [head, setHead] = useState<CsvHead>();
  const [format, setFormat] = useState('');
  const known = formats.data ?? [];
  const choose = async (chosen: File | undefined) => {
    setFile(chosen);
    const read = chosen === undefined ? undefined : await headOf(chosen).catch(() => undefined);
    setHead(read);
    if (read !== undefined) setFormat((known.find(({ columns }) => suits(read, columns)) ?? { name: OWN }).name);
  };
  const options = known.map(({ name, preset, confirmed }) => [name, formatText(name, preset, confirmed)] as const);
  const done = async (name: string) => {
    await refresh('/api/v1/usage/carrier-formats');
    setFormat(name);
  };
  return (
    <Card title="Compare a carrier's bill with your calls">
      <label className="field">
        <span>List of calls from the carrier</span>
        <input
          type="file"
          accept=".csv,.gz,text/csv,application/gzip"
          onChange={(event) => void choose(event.target.files?.[0])}
        />
      </label>
      <p className="muted small">A CSV of up to 5,000,000 calls and 2 GB, also compressed with gzip.</p>
      {formats.isError && <Failure error={formats.error} onRetry={() => void formats.refetch()} />}
      {file !== undefined && (
        <>
          <Choice
            label="Written as"
            value={format}
            onChange={setFormat}
            options={[['', 'Choose how the file is written'], ...options, [OWN, 'Choose the columns myself']]}
          />
          {head !== undefined && head.columns.length > 0 && (
            <p className="muted small">The file has the columns {head.columns.join(', ')}.</p>
          )}
          {format === OWN && <MapColumns head={head ?? { columns: [], example: [] }} onDone={done} />}
          {format !== '' && format !== OWN && <Send file={file} format={format} />}
        </>
      )}
    </Card>
  );
}

const formatText = (name: string, preset: boolean, confirmed: boolean) =>
  preset ? `${name}${confirmed ? '' : ' (not confirmed: check the result)'}` : `${name} (your own)`;

function Send({ file, format }: { file: File; format: string }) {
  const [, navigate] = useLocation();
  const [trunks, setTrunks] = useState<readonly string[]>([]);
  const [tolerance, setTolerance] = useState('60');
  const [skips, setSkips] = useState(false);
  const [days, setDays] = useState({ from: '', to: '' });
  const [sent, setSent] = useState<number>();
  const [error, setError] = useState<unknown>();
  const upload = useRef<Upload>(undefined);
  const send = async () => {
    setError(undefined);
    setSent(0);
    const query = {
      format,
      name: file.name,
      trunk_id: trunks.join(','),
      tolerance_seconds: tolerance,
      on_problem: skips ? 'skip' : 'refuse',
      ...daysFilter(days),
    };
    upload.current = uploadBill(file, query, setSent);
    try {
      const { id } = await upload.current.answer;
      await refresh('/api/v1/usage/reconciliations');
      navigate(`/usage/reconciliations/${id}`);
    } catch (problem) {
      if (!(problem instanceof DOMException)) setError(problem);
    }
    setSent(undefined);
  };
  return (
    <>
      <TrunkChecks chosen={trunks} onChange={setTrunks} />
      <div className="filters">
        <DayFields of={days} onChange={(changes) => setDays({ ...days, ...changes })} />
        <Field label="Times may differ by, seconds" value={tolerance} onChange={setTolerance} inputMode="numeric" />
        <Check isSelected={skips} onChange={setSkips}>
          Leave out lines that cannot be read
        </Check>
      </div>
      <p className="muted small">
        Days that the bill is for; without them, from the first call of the file to its last. A call at the edge of the
        bill that the carrier left out is found only with them.
      </p>
      {sent === undefined ? (
        <Button className="primary" onPress={() => void send()}>
          Upload and compare
        </Button>
      ) : (
        <>
          <progress max={file.size} value={sent} aria-label="Sent" />
          <p role="status">
            {sent < file.size
              ? `${percent(sent, file.size)} of ${count(file.size)} bytes sent.`
              : 'Sent. It is being read.'}
          </p>
          <Button onPress={() => upload.current?.stop()}>Stop</Button>
        </>
      )}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

interface TrunkChecksProps {
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

/** Without a choice calls of other carriers would be missing in the file. */
function TrunkChecks({ chosen, onChange }: TrunkChecksProps) {
  const trunks = useTrunkNames();
  const set = (id: string, isChosen: boolean) =>
    onChange(isChosen ? [...chosen, id] : chosen.filter((each) => each !== id));
  return (
    <fieldset className="scroll">
      <legend>Trunks of this carrier (none: all trunks)</legend>
      {trunks.map(([id, name]) => (
        <div key={id}>
          <Check isSelected={chosen.includes(id)} onChange={(isChosen) => set(id, isChosen)}>
            {name}
          </Check>
        </div>
      ))}
    </fieldset>
  );
}
