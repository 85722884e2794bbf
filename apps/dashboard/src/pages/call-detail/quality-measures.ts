import type { Schemas } from '../../api/client.http.js';

type Verdict = 'good' | 'fair' | 'bad';

/** One measure on a scale: where its zones begin, and what was measured. */
export interface Measure {
  name: string;
  /** Ends of the scale. */
  scale: readonly [number, number];
  /** From `scale[0]`: where the first zone ends, and the second. */
  zones: readonly [number, number];
  /** The first zone is the good one. False: the last. */
  lowIsGood: boolean;
  low: number;
  high: number;
  text: string;
}

/** ITU-T G.107 Annex B: from 4.03 on users are satisfied, below 3.6 many are dissatisfied. */
const MOS = { name: 'Score (MOS)', scale: [1, 4.5], zones: [3.6, 4], lowIsGood: false } as const;
/** What comes later than the jitter buffer waits, some 60 ms, is lost. */
const JITTER = { name: 'Jitter', scale: [0, 100], zones: [30, 60], lowIsGood: true } as const;
/** In percent of the frames. */
const LOSS = { scale: [0, 5], zones: [1, 3], lowIsGood: true } as const;

type Quality = Schemas['CallQuality'];
type Audio = Schemas['AudioLog'];

/** What was measured of a call, in the order in which one reads it. */
export const measuresOf = (quality: Quality | null, audio: Audio | null): Measure[] => [
  ...(quality === null ? [] : [...mosOf(quality), ...jitterOf(quality)]),
  ...(audio === null ? [] : lossOf(audio)),
];

/** A mean opinion score on its scale. */
export const scoreMeasure = (mos: number): Measure => ({ ...MOS, low: mos, high: mos, text: `${mos} of 4.5` });

const mosOf = ({ mos }: Quality): Measure[] => (mos === null ? [] : [scoreMeasure(mos)]);

const jitterOf = ({ jitter_min_ms: low, jitter_max_ms: high }: Quality): Measure[] =>
  high === null ? [] : [{ ...JITTER, low: low ?? high, high, text: `${low ?? high} to ${high} ms` }];

const lossOf = (audio: Audio): Measure[] => [
  ...shareOf('Lost from the caller', audio.frames_in_lost, audio.frames_in),
  ...shareOf('Late from the caller', audio.frames_in_late, audio.frames_in),
  ...shareOf('Lost to the caller', audio.frames_out_lost, audio.speech_frames_out),
  ...shareOf('Late to the caller', audio.frames_out_late, audio.speech_frames_out),
];

function shareOf(name: string, part: number, whole: number): Measure[] {
  if (whole + part === 0) return [];
  const percent = Math.round((part / (whole + part)) * 1000) / 10;
  return [{ ...LOSS, name, low: percent, high: percent, text: `${percent} % (${part} of ${whole + part} frames)` }];
}

export function verdictOf({ high, zones: [first, second], lowIsGood }: Measure): Verdict {
  if (lowIsGood) return high <= first ? 'good' : high <= second ? 'fair' : 'bad';
  return high >= second ? 'good' : high >= first ? 'fair' : 'bad';
}

/** Where a value is on the scale, 0 to 1; what is beyond an end is at it. */
export const placeOf = (value: number, { scale: [from, to] }: Measure): number =>
  Math.min(1, Math.max(0, (value - from) / (to - from)));
