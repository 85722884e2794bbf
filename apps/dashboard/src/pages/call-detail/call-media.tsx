import type { Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Card, Facts } from '../../ui/page.js';
import { measuresOf, placeOf, verdictOf, type Measure } from './quality-measures.js';

const WIDTH = 300;

interface QualityProps {
  quality: Schemas['CallQuality'] | null;
  audio: Schemas['AudioLog'] | null;
}

/** How good the audio was: each measure on its scale, and the same in words. */
export function Quality({ quality, audio }: QualityProps) {
  const measures = measuresOf(quality, audio);
  if (quality === null && measures.length === 0) return null;
  return (
    <Card title="Audio quality">
      {measures.length > 0 && (
        <table className="plain measures">
          <thead>
            <tr>
              <th scope="col">Measure</th>
              <th scope="col">Value</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {measures.map((each) => (
              <Row key={each.name} of={each} />
            ))}
          </tbody>
        </table>
      )}
      <Facts
        of={[
          ['Packets in', quality?.packets_in ?? '–'],
          ['Packets out', quality?.packets_out ?? '–'],
          audio === null ? null : ['Gaps in what the caller heard', audio.underruns],
        ]}
      />
      <p className="muted small">FreeSWITCH measures the whole call and reports at its end.</p>
    </Card>
  );
}

const BADGES = { good: 'pass', fair: 'pending', bad: 'fail' } as const;

const Row = ({ of }: { of: Measure }) => (
  <tr>
    <th scope="row">{of.name}</th>
    <td>
      {of.text}
      <Scale of={of} />
    </td>
    <td>
      <Badge state={BADGES[verdictOf(of)]}>{verdictOf(of)}</Badge>
    </td>
  </tr>
);

/** The zones of the scale, and where the call is on it. The words beside it say the same. */
function Scale({ of }: { of: Measure }) {
  const [first, second] = of.zones.map((each) => WIDTH * placeOf(each, of)) as [number, number];
  const [left, right] = [WIDTH * placeOf(of.low, of), WIDTH * placeOf(of.high, of)];
  const zones = of.lowIsGood ? ['good', 'fair', 'bad'] : ['bad', 'fair', 'good'];
  return (
    <svg className="plot" viewBox={`-4 0 ${WIDTH + 8} 14`} aria-hidden="true">
      <rect className={`zone-${zones[0]}`} y="4" width={first} height="6" />
      <rect className={`zone-${zones[1]}`} x={first} y="4" width={second - first} height="6" />
      <rect className={`zone-${zones[2]}`} x={second} y="4" width={WIDTH - second} height="6" />
      <rect className="mark" x={left - 3} width={right - left + 6} height="14" rx="3" />
    </svg>
  );
}
