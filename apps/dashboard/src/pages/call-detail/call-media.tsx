import type { Schemas } from '../../api/client.http.js';
import { Card, Facts } from '../../ui/page.js';

const WIDTH = 300;
const MAX_MOS = 4.5;

/** How good the audio was, as a bar and in numbers. */
export function Quality({ quality }: { quality: Schemas['CallQuality'] | null }) {
  if (quality === null) return null;
  const { mos } = quality;
  return (
    <Card title="Audio quality">
      {mos !== null && (
        <svg className="plot" viewBox={`0 0 ${WIDTH} 34`} role="img" aria-label={`Mean opinion score ${mos} of 4.5`}>
          <rect className="track" width={WIDTH} height="12" rx="6" />
          <rect className="bar" width={(WIDTH * mos) / MAX_MOS} height="12" rx="6" />
          <text y="29">MOS {mos} of 4.5</text>
        </svg>
      )}
      <Facts
        of={[
          ['Jitter', quality.jitter_max_ms === null ? '–' : `${quality.jitter_min_ms} to ${quality.jitter_max_ms} ms`],
          ['Packets in', quality.packets_in ?? '–'],
          ['Packets out', quality.packets_out ?? '–'],
        ]}
      />
    </Card>
  );
}
