import type { AudioLog } from '@trunkmesh/contracts/audio.js';
import { counter, histogram } from '@trunkmesh/runtime/metric.otel.js';

const calls = counter('trunkmesh_audio_calls_total', 'Calls whose audio has ended, by the reason');
const frames = counter('trunkmesh_audio_frames_total', 'Frames of 20 ms, by outcome');
const underruns = counter(
  'trunkmesh_audio_underruns_total',
  "Gaps within a speech because the assistant's audio came too late",
);
const reconnects = counter('trunkmesh_audio_reconnects_total', 'Media streams that dropped and were connected again');
const reattached = counter('trunkmesh_audio_reattached_total', "Calls' audio that stopped and was attached again");
const connecting = histogram('trunkmesh_audio_connect_seconds', "From the start of a call's audio to the media stream");

/** Once a call, at its end. */
export function countCall(log: AudioLog): void {
  calls.add(1, { reason: log.ended ?? 'call-ended' });
  frames.add(log.frames_to_assistant, { what: 'to_assistant' });
  frames.add(log.frames_dropped, { what: 'dropped' });
  frames.add(log.frames_in_late, { what: 'in_late' });
  frames.add(log.frames_in_lost, { what: 'in_lost' });
  frames.add(log.speech_frames_out, { what: 'speech_out' });
  frames.add(log.silent_frames_out, { what: 'silent_out' });
  frames.add(log.frames_out_late, { what: 'out_late' });
  frames.add(log.frames_out_lost, { what: 'out_lost' });
  underruns.add(log.underruns);
  reconnects.add(log.reconnects);
  reattached.add(log.reattached ?? 0);
  if (log.connected_after_ms !== null) connecting.record(log.connected_after_ms / 1_000);
}
