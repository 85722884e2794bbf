import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client.http.js';
import { count } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { DataTable } from '../../ui/data-table.js';
import { Card } from '../../ui/page.js';
import { answeredBy, OUTCOMES, totals, verdict } from './import-text.js';

type Preview = Schemas['ImportPreview'];

interface ImportPreviewProps {
  report: Schemas['ImportReport'];
  preview: Preview;
  /** What imports it. */
  children: ReactNode;
}

/** What the import would do, line by line; problems come first. */
export function ImportPreview({ report, preview, children }: ImportPreviewProps) {
  const { error_count, lines } = preview;
  return (
    <Card title="What would be imported">
      <p role="status" className={error_count > 0 ? 'notice bad' : 'notice'}>
        <b>{verdict(report)}</b>
      </p>
      <p>{totals(report)}</p>
      {error_count > 0 ? <Problems of={preview} /> : <div className="actions">{children}</div>}
      {lines.length < report.total && (
        <p className="muted small">The first {count(lines.length)} lines are shown; all of them were checked.</p>
      )}
      <DataTable
        label="Lines of the file"
        items={lines}
        keyOf={({ line }) => String(line)}
        empty={null}
        columns={[
          { id: 'line', title: 'Line', share: 0.4, cell: ({ line }) => count(line) },
          { id: 'number', title: 'Number', share: 1.2, cell: ({ phone_number }) => phone_number ?? '–' },
          { id: 'name', title: 'Name', wideOnly: true, cell: ({ friendly_name }) => friendly_name ?? '–' },
          { id: 'trunk', title: 'Trunk', wideOnly: true, cell: ({ sip_trunk }) => sip_trunk ?? '–' },
          { id: 'target', title: 'Answered by', wideOnly: true, cell: answeredBy },
          {
            id: 'outcome',
            title: 'Result',
            share: 0.8,
            cell: ({ outcome }) => <Badge state={outcome}>{OUTCOMES[outcome]}</Badge>,
          },
        ]}
      />
    </Card>
  );
}

const Problems = ({ of: { error_count, errors } }: { of: Preview }) => (
  <>
    <h3>Problems</h3>
    {errors.length < error_count && (
      <p className="muted small">
        The first {count(errors.length)} of {count(error_count)} problems are shown.
      </p>
    )}
    <ul className="list problems" tabIndex={0} aria-label="Problems by line">
      {errors.map(({ line, pointer, detail }) => (
        <li key={`${line} ${pointer} ${detail}`}>
          <b>Line {count(line)}</b> {pointer !== '' && <code>{pointer.slice(1)}</code>} {detail}
        </li>
      ))}
    </ul>
  </>
);
