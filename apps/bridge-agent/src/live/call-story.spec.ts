import { describe, expect, it } from '@jest/globals';
import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import { createStory, endReasonOf, endReasonOfAudio, note } from './call-story.js';

const hangup = (hangup_disposition: string | null, hangup_cause = 'NORMAL_CLEARING', reconstructed = false) => ({
  hangup_disposition,
  hangup_cause,
  reconstructed,
  answeredAt: null as Date | null,
});
const unseen = (answeredAt: Date | null) => ({ ...hangup(null, 'UNKNOWN', true), answeredAt });

describe('why a call ended', () => {
  it.each<[string, CallEndReason | undefined, ReturnType<typeof hangup>, CallEndReason]>([
    ['the caller sent BYE', undefined, hangup('recv_bye'), 'caller-hung-up'],
    ['the caller sent CANCEL', undefined, hangup('recv_cancel', 'ORIGINATOR_CANCEL'), 'caller-gave-up'],
    ['the assistant closed its stream', 'assistant-hung-up', hangup('send_bye'), 'assistant-hung-up'],
    ['both at once, the caller first', 'assistant-hung-up', hangup('recv_bye'), 'caller-hung-up'],
    ['the carrier carries out a transfer with its BYE', 'transferred', hangup('recv_bye'), 'transferred'],
    ['it lasted too long', 'max-duration-reached', hangup('send_bye', 'ALLOTTED_TIMEOUT'), 'max-duration-reached'],
    ['no audio came for too long', undefined, hangup('send_bye', 'MEDIA_TIMEOUT'), 'media-timeout'],
    ['FreeSWITCH ended it of its own', undefined, hangup('send_bye', 'MANAGER_REQUEST'), 'switch-ended'],
    ['nobody saw it', 'assistant-hung-up', unseen(new Date()), 'unseen'],
    ['nobody saw how a call that was canceled ended', 'canceled', unseen(null), 'canceled'],
    ['nobody saw how it ended after its answer', 'canceled', unseen(new Date()), 'unseen'],
  ])('%s', (_what, intended, facts, reason) => {
    expect(endReasonOf({ intended }, facts, 'inbound')).toBe(reason);
  });

  it.each([
    ['assistant-hung-up', 'assistant-hung-up'],
    ['media-stream-lost', 'media-stream-lost'],
    ['no-audio-ports', 'audio-failed'],
    ['media-stream-refused', 'audio-failed'],
  ] as const)('audio that ended as %s ends the call as %s', (end, reason) => {
    expect(endReasonOfAudio(end)).toBe(reason);
  });
});

describe('the timeline', () => {
  it('has each entry with its time, and an end', () => {
    const story = createStory();
    for (let n = 0; n < 600; n += 1) note(story, new Date(n), 'stream-dropped', 'd'.repeat(600));
    expect(story.timeline).toHaveLength(500);
    expect(story.timeline[1]).toEqual({
      at: '1970-01-01T00:00:00.001Z',
      what: 'stream-dropped',
      detail: 'd'.repeat(500),
    });
  });

  it('has how the call went on, however many digits were pressed before', () => {
    const story = createStory();
    for (let n = 0; n < 600; n += 1)
      note(story, new Date(n), (['digit-pressed', 'digits-sent', 'digits-refused'] as const)[n % 3]!);
    for (const what of ['transfer-requested', 'hang-up-requested'] as const) note(story, new Date(600), what);
    expect(story.timeline).toHaveLength(302);
    expect(story.timeline.slice(-2).map(({ what }) => what)).toEqual(['transfer-requested', 'hang-up-requested']);
  });
});
