import { useState } from 'react';
import { Button } from 'react-aria-components';
import { dataOf } from '../../api/client.http.js';
import { organizationOfPath } from '../../api/organization.js';
import { count } from '../../format.js';
import type { Schemas } from '../../api/client.http.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';

const MAX_SHOWN = 5;

/** A CSV file: all of its lines are imported, or none, and then every problem is shown with its line. */
export function ImportNumbers({ onDone }: { onDone: () => Promise<void> }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>();
  const [report, setReport] = useState<Schemas['ImportReport']>();
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const read = async (file: File | undefined) => {
    setError(undefined);
    setReport(undefined);
    setText(file === undefined ? '' : await file.text());
  };
  const send = async () => {
    setError(undefined);
    await dataOf(importCsv(text)).then((imported) => {
      setReport(imported);
      setText('');
      return onDone();
    }, setError);
  };
  return (
    <Card title="Import numbers">
      <label className="field">
        <span>CSV file</span>
        <input type="file" accept=".csv,text/csv" onChange={(event) => void read(event.target.files?.[0])} />
      </label>
      <p className="muted small">
        The first line names the columns, for example <code>phone_number,friendly_name,assistant_id</code>.
      </p>
      {lines.length > 0 && (
        <>
          <pre tabIndex={0} aria-label="The first lines of the file">
            {lines.slice(0, MAX_SHOWN + 1).join('\n')}
          </pre>
          {lines.length > MAX_SHOWN + 1 && (
            <p className="muted small">
              The names of the columns and the first {MAX_SHOWN} of {count(lines.length - 1)} lines are shown. All lines
              are checked and imported.
            </p>
          )}
          <Button className="primary" onPress={() => void send()}>
            Check and import {count(lines.length - 1)} lines
          </Button>
          <p className="muted small">If any line has a problem, nothing is imported and each problem is shown.</p>
        </>
      )}
      {error !== undefined && <Failure error={error} />}
      {report && (
        <p role="status" className="notice good">
          {count(report.added)} added, {count(report.updated)} updated, {count(report.unchanged)} unchanged.
        </p>
      )}
    </Card>
  );
}

/** The generated client sends JSON; this route also takes the file as it is. */
async function importCsv(
  body: string,
): Promise<{ data?: Schemas['ImportReport']; error?: unknown; response: Response }> {
  const organization = organizationOfPath(location.pathname);
  const response = await fetch('/api/v1/phone-numbers/import', {
    method: 'POST',
    body,
    headers: {
      'Content-Type': 'text/csv',
      ...(organization === undefined ? {} : { 'X-Organization-Id': organization }),
    },
  });
  const answer: unknown = await response.json();
  return response.ok ? { data: answer as Schemas['ImportReport'], response } : { error: answer, response };
}
