import { randomUUID } from 'node:crypto';
import { runApi } from './api.process.js';
import { execute } from './applications.process.js';
import { runCallSocket } from './call-socket.net.js';
import { PHRASES } from './carrier.js';
import type { Transfer } from './transfer.js';
import { dialplanActions } from './configuration.fs.js';
import { invite, readInvite, type Inbound, type Invite, type InviteInput } from './invite.js';
import { Leg, type Final } from './leg.process.js';
import type { Switch } from './switch.process.js';
import type { Headers } from './wire.js';

/** An injected call, seen from the caller. */
export interface InboundCall {
  readonly uuid: string;
  readonly callId: string;
  /** The final response: 200 when it was answered. */
  readonly final: Promise<Final>;
  /** Settles with FreeSWITCH's hang-up cause when the call is over. */
  readonly ended: Promise<{ cause: string; answered: boolean; transferredTo: string | undefined }>;
  /** The audio that the program sends into the call over `unicast`: L16, a datagram each. */
  heard(): readonly Buffer[];
  /** Digits that the caller has heard. */
  digitsHeard(): string;
  /** RTP packets that the caller has sent. */
  packetsIn(): number;
  /** So many packets of the caller get lost, as FreeSWITCH counts them; it still receives one every 20 ms. */
  lose(packets: number): void;
  /** From now on. */
  answerTransfersWith(transfer: Transfer): void;
  /** What the caller says: L16, whole frames. */
  say(l16: Buffer): void;
  /** The caller presses a key; by INFO where that is its way (`ENDPOINT`). */
  press(digit: string, source?: 'RTP' | 'ENDPOINT'): void;
  /** Its carrier goes on with another codec. */
  changeCodec(name: string): Promise<void>;
  /** Its packets come from another address without notice. `answers`: it reports its address when it is asked. */
  move(answers: boolean): void;
  /** The caller hangs up an answered call, or gives up an unanswered one. */
  hangUp(): void;
}

export function receive(freeswitch: Switch, input: InviteInput): InboundCall {
  const request = invite.parse(input);
  const uuid = randomUUID();
  const callId = request.call_id ?? `1-${freeswitch.sessions + 1}@${request.source.address}`;
  if (freeswitch.inboundAcl !== undefined && !freeswitch.acl.allows(request.source.address, freeswitch.inboundAcl))
    return refused(freeswitch, request, { uuid, callId });
  if ([request.headers['Require'] ?? []].flat().some((value) => value.includes('100rel')))
    return badExtension(uuid, callId);
  const gateways = new Map(freeswitch.gateways.map(({ settings }) => [settings.name, settings]));
  const now = freeswitch.events.now();
  const seen = readInvite(
    request,
    { uuid, now, session: freeswitch.sessions + 1, callId, sofia: freeswitch.sofia },
    gateways,
  );
  const leg = new Leg(freeswitch, {
    uuid,
    direction: 'inbound',
    name: seen.name,
    profile: seen.profile,
    networkAddress: request.source.address,
    destination: seen.destination,
    context: freeswitch.sofia.context,
    now,
    hitDialplan: true,
    hidden: seen.hidden,
  });
  begin(leg, request, seen);
  return {
    uuid,
    callId,
    final: leg.final,
    ended: leg.ended.then(() => ({
      cause: leg.channel.hangupCause ?? '',
      answered: leg.channel.answered,
      transferredTo: leg.transferredTo,
    })),
    heard: () => leg.heard,
    digitsHeard: () => leg.digitsHeard,
    packetsIn: () => leg.packetsFromCaller(),
    lose: (packets) => {
      leg.channel.flaws += packets;
    },
    answerTransfersWith: (transfer) => {
      leg.transfer = transfer;
    },
    say: (l16) => {
      leg.say(l16);
    },
    press: (digit, source) => {
      leg.press(digit, source);
    },
    changeCodec: (name) => leg.changeCodec(name),
    move: (answers) => {
      leg.answersOffers = answers;
      leg.media.stand();
    },
    hangUp: () =>
      leg.channel.answered ? leg.hangup('NORMAL_CLEARING', 'recv_bye') : leg.hangup('ORIGINATOR_CANCEL', 'recv_cancel'),
  };
}

function begin(leg: Leg, request: Invite, seen: Inbound): void {
  const { channel, freeswitch } = leg;
  for (const [name, value] of seen.variables) channel.set(name, value);
  if (seen.gateway !== undefined)
    freeswitch.gateways.find(({ settings }) => settings.name === seen.gateway)!.callsIn += 1;
  leg.sendsAudio = request.audio;
  leg.ack = request.ack;
  if (request.transfer !== undefined) leg.transfer = request.transfer;
  leg.fire('CHANNEL_CREATE');
  channel.codec = true;
  channel.enter('CS_EXECUTE', 4, 'RINGING');
  if (request.cancel_after_ms !== undefined)
    setTimeout(() => {
      if (!channel.answered) leg.hangup('ORIGINATOR_CANCEL', 'recv_cancel');
    }, request.cancel_after_ms).unref();
  void leg.final.then(({ status }) => {
    if (status === 200 && request.hangup_after_ms !== undefined)
      leg.after(request.hangup_after_ms, () => leg.hangup('NORMAL_CLEARING', 'recv_bye'));
  });
  setImmediate(() => {
    void runDialplan(leg);
  });
}

async function runDialplan(leg: Leg): Promise<void> {
  const { channel, freeswitch } = leg;
  const fields = {
    destination_number: channel.start.destination,
    context: channel.start.context,
    network_addr: channel.start.networkAddress ?? '',
  };
  let actions = [...dialplanActions(freeswitch.configuration, channel.start.context, fields)];
  for (let action = actions.shift(); action !== undefined && !channel.hungUp; action = actions.shift()) {
    const { application, data } = action;
    if (application === 'socket') await runCallSocket(leg, data, runApi);
    else if (application === 'park') await leg.parking.park();
    else await execute(leg, application, data);
    if (leg.parking.queued !== undefined) actions = [...leg.parking.queued];
    leg.parking.queued = undefined;
  }
  leg.hangup('NORMAL_CLEARING');
}

/** What FreeSWITCH's SIP stack refuses itself: no channel, no event, no log line. */
const badExtension = (uuid: string, callId: string): InboundCall => ({
  ...NEVER_A_CALL,
  uuid,
  callId,
  final: Promise.resolve({ status: 420, phrase: 'Bad Extension', headers: { Unsupported: '100rel' } }),
  ended: Promise.resolve({ cause: '', answered: false, transferredTo: undefined }),
});

const NEVER_A_CALL = {
  heard: () => [],
  say: () => undefined,
  digitsHeard: () => '',
  packetsIn: () => 0,
  lose: () => undefined,
  answerTransfersWith: () => undefined,
  press: () => undefined,
  hangUp: () => undefined,
  changeCodec: () => Promise.resolve(),
  move: () => undefined,
} satisfies Partial<InboundCall>;

/**
 * A stranger: 403 before the dialplan, events that say neither where it came from nor whom it wanted, and the one log
 * line that names the address.
 */
function refused(freeswitch: Switch, request: Invite, { uuid, callId }: { uuid: string; callId: string }): InboundCall {
  freeswitch.sessions += 1;
  const { address, port } = request.source;
  const name = `sofia/${freeswitch.sofia.name}/${request.from}@${address}:${port}`;
  freeswitch.log({
    level: 4,
    file: 'sofia.c',
    functionName: 'sofia_handle_sip_i_invite',
    line: 10679,
    text: `IP ${address} Rejected by acl "${freeswitch.inboundAcl}"`,
  });
  const channel = (state: string, callState: string, number: string): Headers => [
    ['Channel-State', state],
    ['Channel-Call-State', callState],
    ['Channel-State-Number', number],
    ['Channel-Name', name],
    ['Unique-ID', uuid],
    ['Call-Direction', 'inbound'],
    ['Presence-Call-Direction', 'inbound'],
    ['Channel-HIT-Dialplan', 'true'],
    ['Channel-Call-UUID', uuid],
    ['Answer-State', 'hangup'],
    ['Hangup-Cause', 'CALL_REJECTED'],
  ];
  const variables: Headers = [
    ['variable_direction', 'inbound'],
    ['variable_uuid', uuid],
    ['variable_call_uuid', uuid],
    ['variable_session_id', String(freeswitch.sessions)],
    ['variable_sip_from_user', request.from],
    ['variable_sip_from_port', String(port)],
    ['variable_sip_from_uri', `${request.from}@${address}:${port}`],
    ['variable_sip_from_host', address],
    ['variable_video_media_flow', 'disabled'],
    ['variable_audio_media_flow', 'disabled'],
    ['variable_text_media_flow', 'disabled'],
    ['variable_channel_name', name],
    ['variable_sip_call_id', callId],
    ['variable_ep_codec_string', 'CORE_PCM_MODULE.PCMU@8000h@20i@64000b'],
  ];
  const done: Headers = [
    ...variables,
    ['variable_hangup_cause', 'CALL_REJECTED'],
    ['variable_hangup_cause_q850', '21'],
  ];
  setImmediate(() => {
    freeswitch.events.fire('CHANNEL_HANGUP', [...channel('CS_NEW', 'DOWN', '10'), ...variables], { uuid });
    freeswitch.events.fire(
      'CHANNEL_HANGUP_COMPLETE',
      [['Hangup-Cause', 'CALL_REJECTED'], ...channel('CS_REPORTING', 'HANGUP', '11'), ...done],
      { uuid },
    );
    freeswitch.events.fire('CHANNEL_DESTROY', [...channel('CS_REPORTING', 'HANGUP', '12'), ...done], { uuid });
  });
  return {
    ...NEVER_A_CALL,
    uuid,
    callId,
    final: Promise.resolve({ status: 403, phrase: PHRASES[403]!, headers: {} }),
    ended: Promise.resolve({ cause: 'CALL_REJECTED', answered: false, transferredTo: undefined }),
  };
}
