import { useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { Link } from 'wouter';
import { refresh, type Schemas } from '../../api/client.http.js';
import { exchange, pathWith } from '../../api/raw.http.js';
import { count, plural } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Choice } from '../../ui/field.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Card, Page } from '../../ui/page.js';
import { Failure, Loading } from '../../ui/states.js';
import { ImportPreview } from './import-preview.js';
import { ON_DUPLICATE, toImport } from './import-text.js';

type Report = Schemas['ImportReport'];

/** The file is checked as soon as it is chosen; nothing is written before the person has seen that and imports it. */
export default function NumberImport() {
  const { mayManage } = useSession();
  return (
    <Page title="Import numbers" back={{ to: '/numbers', label: 'Numbers' }}>
      {mayManage ? <Import /> : <OnlyAdmins what="import numbers" />}
    </Page>
  );
}

function Import() {
  const [file, setFile] = useState<ArrayBuffer>();
  const [onDuplicate, setOnDuplicate] = useState('error');
  const { report, error, busy, send, clear } = useImport();
  const choose = async (chosen: File | undefined) => {
    clear();
    // Read once: what was checked is what is imported, even if the file changes meanwhile.
    const content = await chosen?.arrayBuffer();
    setFile(content);
    if (content !== undefined) await send(content, onDuplicate, true);
  };
  const decide = async (next: string) => {
    setOnDuplicate(next);
    clear();
    if (file !== undefined) await send(file, next, true);
  };
  const run = async () => {
    if (await send(file!, onDuplicate, false)) setFile(undefined);
  };
  /** Checked again first: an import that failed without an answer may have been made. */
  const retry = file && (() => void send(file, onDuplicate, true));
  return (
    <>
      <Card title="The file">
        <div className="filters">
          <label className="field">
            <span>CSV file</span>
            <input
              type="file"
              accept=".csv,text/csv"
              // Else the browser would not say that the same file, corrected, was chosen again.
              onClick={(event) => (event.currentTarget.value = '')}
              onChange={(event) => void choose(event.target.files?.[0])}
            />
          </label>
          <Choice
            label="Numbers that you have already"
            value={onDuplicate}
            onChange={(next) => void decide(next)}
            options={ON_DUPLICATE}
          />
        </div>
        <p className="muted small">
          The first line names the columns, for example <code>phone_number,friendly_name,sip_trunk,assistant_id</code>.
          An export of your numbers can be imported. The file is checked first; nothing is changed before you import it.
        </p>
        {busy && <Loading />}
        {error !== undefined && <Failure error={error} onRetry={retry} />}
        {report?.preview === undefined && report !== undefined && <Done report={report} />}
      </Card>
      {report?.preview !== undefined && (
        <ImportPreview report={report} preview={report.preview}>
          <Button className="primary" isDisabled={busy || toImport(report) === 0} onPress={() => void run()}>
            Import {plural(toImport(report), 'number')}
          </Button>
        </ImportPreview>
      )}
    </>
  );
}

const Done = ({ report: { added, updated, unchanged, skipped } }: { report: Report }) => (
  <p role="status" className="notice good">
    {count(added)} added, {count(updated)} updated, {count(unchanged)} unchanged, {count(skipped)} skipped.{' '}
    <Link href="/numbers">See your numbers</Link>
  </p>
);

/** The last answer counts: who chooses another file meanwhile does not see the report of the one before. */
function useImport() {
  const [report, setReport] = useState<Report>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const show = (next: { report?: Report; error?: unknown; busy: boolean }) => {
    setReport(next.report);
    setError(next.error);
    setBusy(next.busy);
  };
  const clear = () => {
    turn.current += 1;
    show({ busy: false });
  };
  /** Whether the service accepted it. */
  const send = async (body: ArrayBuffer, onDuplicate: string, dry: boolean): Promise<boolean> => {
    const mine = (turn.current += 1);
    setBusy(true);
    const path = pathWith('/api/v1/phone-numbers/import', {
      on_duplicate: onDuplicate,
      dry_run: dry ? 'true' : undefined,
    });
    const answer = await exchange(path, { method: 'POST', body, headers: { 'Content-Type': 'text/csv' } }).then(
      async (response) => ({ report: (await response.json()) as Report }),
      (problem: unknown) => ({ error: problem }),
    );
    if (!dry) await refresh('/api/v1/phone-numbers');
    if (mine === turn.current) show({ ...answer, busy: false });
    return 'report' in answer;
  };
  return { report, error, busy, send, clear };
}
