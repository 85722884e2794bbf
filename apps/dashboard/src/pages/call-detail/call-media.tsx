import { api, type Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Card, Facts } from '../../ui/page.js';
import { pointsOf, whyNoCourse } from './quality-course.js';
import { measuresOf, placeOf, verdictOf, type Measure } from './quality-measures.js';
import { QualityPlot } from './quality-plot.js';

const WIDTH = 300;

/** How good the audio was: its course, each measure of the whole call on its scale, and the same in words. */
export function Quality({ call }: { call: Schemas['CallDetail'] }) {
  const { quality, quality_course: course, audio } = call;
  const measures = measuresOf(quality, audio);
  if (quality === null && measures.length === 0 && call.answered_at === null) return null;
  return (
    <Card title="Audio quality">
      {call.status === 'ongoing' ? (
        <SoFar callSid={call.call_sid} />
      ) : course === null ? (
        <p className="muted">{whyNoCourse(call)}</p>
      ) : (
        <QualityPlot of={pointsOf(course, call.duration_seconds)} />
      )}
      {quality !== null || measures.length > 0 ? <WholeCall quality={quality} audio={audio} of={measures} /> : null}
    </Card>
  );
}

/** The bridge takes a sample so often. */
const SAMPLE_MS = 5_000;

/** Of a call in progress, asked for while somebody looks at it. */
function SoFar({ callSid }: { callSid: string }) {
  const params = { path: { call_id: callSid } };
  const often = { refetchInterval: SAMPLE_MS, staleTime: 0 };
  const { data, isError } = api.useQuery('get', '/api/v1/calls/{call_id}/quality', { params }, often);
  const course = data?.quality_course ?? null;
  return (
    <>
      {course === null ? (
        <p className="muted">The first five seconds after the answer are being measured.</p>
      ) : (
        <QualityPlot of={pointsOf(course, course.mos.length * course.interval_seconds)} />
      )}
      <p className="muted small">
        {isError
          ? 'The bridge does not answer at the moment, so this may be out of date.'
          : 'The call so far; a new interval appears every five seconds, less often in long calls.'}
      </p>
    </>
  );
}

interface WholeCallProps {
  quality: Schemas['CallQuality'] | null;
  audio: Schemas['AudioLog'] | null;
  of: readonly Measure[];
}

function WholeCall({ quality, audio, of: measures }: WholeCallProps) {
  return (
    <>
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
      <p className="muted small">These are of the whole call; FreeSWITCH reports jitter in no other way.</p>
    </>
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
