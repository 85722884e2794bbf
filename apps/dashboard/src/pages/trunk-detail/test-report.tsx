import { TRUNK_CHECK_WORDS, wordsFor } from '@trunkmesh/contracts/words.js';
import type { Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Time } from '../../ui/time.js';

/** What a bridge saw when it tried the trunk, check by check. */
export const TestReport = ({ report }: { report: Schemas['TrunkTest'] }) => (
  <section aria-label="Test" role="status">
    <p>
      <Badge state={report.result} /> <b>{report.summary}</b>
    </p>
    <ul className="list">
      {report.checks.map(({ check, result, seen, todo, sip_status }) => (
        <li key={check}>
          <Badge state={result} /> <b title={check}>{wordsFor(TRUNK_CHECK_WORDS, check)}</b>
          {sip_status !== null && ` (SIP ${sip_status})`}
          <p>{seen}</p>
          {todo !== null && <p>What to do: {todo}</p>}
        </li>
      ))}
    </ul>
    <p className="muted small">
      From {report.bridge_id}, <Time at={report.tested_at} />
    </p>
  </section>
);
