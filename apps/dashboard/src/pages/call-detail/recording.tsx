import { useState } from 'react';
import type { Schemas } from '../../api/client.http.js';
import { organizationOfPath } from '../../api/organization.js';
import { exchange, pathWith } from '../../api/raw.http.js';
import { length } from '../../format.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';

const STATES: Readonly<Record<Schemas['CallRecording']['state'], string>> = {
  pending: 'The recording is not stored yet. It appears here by itself; one that is stuck is in the bridge’s log.',
  stored: 'The recording is stored.',
  local: 'The recording is on the disk of its bridge.',
  failed: 'The recording failed. The call itself went on.',
};
const CHANNELS = 'The caller is on the left, what the caller hears on the right.';

/** The recording: a player, or in words why there is nothing to play. */
export function Recording({ recording, url }: { recording: Schemas['CallRecording'] | null; url: string | null }) {
  if (recording === null) return null;
  const { state, detail, duration_ms } = recording;
  const isThere = url !== null && (state === 'stored' || state === 'local');
  return (
    <Card title="Recording">
      <p>
        {STATES[state]} {duration_ms !== null && `Length ${length(duration_ms / 1000)}.`} {detail}
      </p>
      {isThere && <Player url={url} />}
      <p className="muted small">
        {isThere && `${CHANNELS} `}
        <code>{recording.location}</code>
      </p>
    </Card>
  );
}

/** What plays a sound sends no header, so the organisation is in the URL. */
function Player({ url }: { url: string }) {
  const [problem, setProblem] = useState<unknown>();
  const organization_id = organizationOfPath(location.pathname);
  // A player does not say why it failed: the same request without it does.
  const explain = () =>
    exchange(url, { headers: { Range: 'bytes=0-0' } })
      .then(() =>
        setProblem({ title: 'Not played', detail: 'Your browser cannot play this recording. Save it instead.' }),
      )
      .catch(setProblem);
  if (problem !== undefined) return <Failure error={problem} onRetry={() => setProblem(undefined)} />;
  return (
    <>
      <audio
        controls
        preload="metadata"
        aria-label="Recording of the call"
        src={pathWith(url, { organization_id })}
        onError={() => void explain()}
      />
      <p>
        <a href={pathWith(url, { organization_id, download: 'true' })} download>
          Save the recording
        </a>
      </p>
    </>
  );
}
