import { channelRows, isChannelId } from './channel-rows.js';

/**
 * Calls that got around the dialplan, and so around the agent: an INVITE with `Replaces` (RFC 3891). FreeSWITCH
 * (1.11.3-dev) finds the call to replace by its Call-ID alone, with any tags and of any organisation, and runs that
 * call's application on the new one (`dialplan: inline`). Such a call has no record, no limit and no organisation.
 * Every call of the agent comes by the XML dialplan. `text`: what `show channels as json` answers, from outside.
 */
export const bypassingIn = (text: string): { callId: string; address: string }[] =>
  channelRows(text)
    .filter((row) => row['direction'] === 'inbound' && row['initial_dialplan'] === 'inline')
    .map((row) => ({ callId: String(row['uuid']), address: String(row['ip_addr']).slice(0, 64) }))
    .filter(({ callId }) => isChannelId(callId));
