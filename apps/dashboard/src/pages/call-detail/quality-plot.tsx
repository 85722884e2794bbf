import { useId } from 'react';
import { length } from '../../format.js';
import { courseText, isSilent, timeOf, type CoursePoint } from './quality-course.js';
import { placeOf, scoreMeasure } from './quality-measures.js';

/** In the units of the drawing, which is as wide as a phone: its letters stay readable there. */
const LEFT = 34;
const WIDTH = 320;
const TOP = 8;
const BOTTOM = 128;

/** Of the three times below. */
const ANCHORS = ['start', 'middle', 'end'] as const;

const SCORE = scoreMeasure(1);
const heightOf = (mos: number) => BOTTOM - (BOTTOM - TOP) * placeOf(mos, SCORE);
const placeIn = (seconds: number, end: number) => LEFT + ((WIDTH - LEFT) * seconds) / end;

/** How the score changed during the call: a picture, its meaning in a sentence, and its figures in a table. */
export function QualityPlot({ of: points }: { of: readonly CoursePoint[] }) {
  const caption = useId();
  const end = points.at(-1)?.to ?? 1;
  const silent = points.some(isSilent);
  const gaps = points.some((point) => point.gaps > 0);
  return (
    <figure className="course-of-call" aria-labelledby={caption}>
      <svg className="plot" viewBox={`0 0 ${WIDTH + 8} 160`} aria-hidden="true">
        <Zones />
        {points.filter(isSilent).map((point) => (
          <rect key={point.from} className="down" {...boxOf(point, end)} y={BOTTOM - 6} height="6" />
        ))}
        <path className="course" d={lineOf(points, end)} />
        {points
          .filter((point) => point.gaps > 0)
          .map((point) => (
            <circle key={point.from} className="mark" cx={placeIn((point.from + point.to) / 2, end)} cy={TOP} r="3" />
          ))}
        <path className="axis" d={`M${LEFT} ${BOTTOM}H${WIDTH}`} />
        {[0, end / 2, end].map((at, index) => (
          <text key={at} x={placeIn(at, end)} y={BOTTOM + 14} textAnchor={ANCHORS[index]}>
            {length(at)}
          </text>
        ))}
        <text x={(LEFT + WIDTH) / 2} y={BOTTOM + 28} textAnchor="middle">
          time from the answer
        </text>
      </svg>
      <figcaption id={caption}>
        Score (MOS) of the other party&apos;s audio during the call. {courseText(points)}
        {(silent || gaps) && (
          <span className="muted small">
            {silent && ' Bar at the bottom: nothing was received.'}
            {gaps && " Dot at the top: gaps in the assistant's speech."}
          </span>
        )}
      </figcaption>
      <details>
        <summary>Figures of each interval</summary>
        <Figures of={points} />
      </details>
    </figure>
  );
}

const boxOf = ({ from, to }: CoursePoint, end: number) => ({
  x: placeIn(from, end),
  width: placeIn(to, end) - placeIn(from, end),
});

/** A step for each interval, and a gap where there is no score. */
const lineOf = (points: readonly CoursePoint[], end: number): string =>
  points
    .map(({ from, to, mos }, index) => {
      if (mos === null) return '';
      const begin = (points[index - 1]?.mos ?? null) === null ? 'M' : 'L';
      return `${begin}${placeIn(from, end)} ${heightOf(mos)}H${placeIn(to, end)}`;
    })
    .join('');

/** The meaning of a score as its background, with the scale at the left. */
function Zones() {
  const [fair, good] = SCORE.zones;
  const [least, most] = SCORE.scale;
  const bands = [
    ['bad', least, fair],
    ['fair', fair, good],
    ['good', good, most],
  ] as const;
  return (
    <>
      {bands.map(([name, from, to]) => (
        <rect
          key={name}
          className={`zone-${name}`}
          x={LEFT}
          width={WIDTH - LEFT}
          y={heightOf(to)}
          height={heightOf(from) - heightOf(to)}
        />
      ))}
      {[least, 2, 3, fair, good, most].map((mos) => (
        <text key={mos} x={LEFT - 5} y={heightOf(mos) + 4} textAnchor="end">
          {mos.toFixed(1)}
        </text>
      ))}
    </>
  );
}

const Figures = ({ of }: { of: readonly CoursePoint[] }) => (
  <table className="plain">
    <thead>
      <tr>
        <th scope="col">Time</th>
        <th scope="col">Score</th>
        <th scope="col">Packets</th>
        <th scope="col">Flaws</th>
        <th scope="col">Gaps</th>
      </tr>
    </thead>
    <tbody>
      {of.map((point) => (
        <tr key={point.from}>
          <th scope="row">{timeOf(point)}</th>
          <td>{point.mos ?? (isSilent(point) ? 'no audio' : 'not known')}</td>
          <td>{point.packets ?? '–'}</td>
          <td>{point.flaws ?? '–'}</td>
          <td>{point.gaps}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
