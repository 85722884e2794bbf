import { setTimeout as pause } from 'node:timers/promises';
import { answered, type Api } from '../api/api.http.js';
import { CommandFailure } from '../failure.js';
import { safeText } from '../output/safe-text.js';
import { facts } from '../output/table.js';
import type { View } from '../output/view.js';
import type { Context } from './command.js';

const LOOK_EVERY_MS = 500;
/** A call that was just accepted is in the call log once its first event is. */
const APPEARS_WITHIN_MS = 30_000;

export const detailOf = (api: Api, sid: string) =>
  answered(api.GET('/api/v1/calls/{call_id}', { params: { path: { call_id: sid } } }));

export type Detail = Awaited<ReturnType<typeof detailOf>>;

/** Prints each entry of the timeline once, as it appears; the end is the command's outcome. */
export async function follow(context: Context, api: Api, sid: string): Promise<void> {
  const { signal } = context;
  let printed = 0;
  const until = Date.now() + APPEARS_WITHIN_MS;
  while (!signal.aborted) {
    const call = await detailOf(api, sid).catch((error: Error) => {
      if (Date.now() > until) throw error;
      return undefined;
    });
    const timeline = call?.timeline ?? [];
    for (const { at, what, detail } of timeline.slice(printed))
      context.note(safeText(`${at}  ${what}  ${detail ?? ''}`).trimEnd());
    printed = Math.max(printed, timeline.length);
    if (hasEnded(call)) return context.show(() => Promise.resolve(endOf(call)));
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  throw new CommandFailure(`${sid} goes on; end it with: trunkmesh calls hang-up ${sid}`);
}

const hasEnded = (call: Detail | undefined): call is Detail => call !== undefined && call.status !== 'ongoing';

const endOf = (call: Detail): View => ({
  json: call,
  text: facts({
    status: call.status,
    reason: call.refusal ?? call.end_reason,
    'SIP status': call.sip_status,
    seconds: call.duration_seconds,
    'ended by': call.ended_by,
  }),
  bad: call.status === 'failed',
});
