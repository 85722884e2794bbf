import type { Leg } from './leg.process.js';

const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 486: 'Busy Here', 603: 'Decline' };

/** REFER on an answered call. */
export function deflect(leg: Leg, data: string): void {
  const { channel } = leg;
  const { refer, target, after_ms: afterMs, ends, hangs_up: hangsUp, challenges } = leg.transfer;
  leg.transferredTo = data;
  const notified = (): void => {
    if (target === null) return;
    channel.set('sip_refer_target_status_code', String(target));
    channel.set('sip_refer_reply', `SIP/2.0 ${target} ${PHRASES[target] ?? ''}\r\n`);
  };
  if (channel.variables.get('sip_refer_continue_after_reply') !== 'true') {
    channel.set('sip_refer_status_code', String(refer));
    if (refer < 300) notified();
    leg.hangup('BLIND_TRANSFER', 'send_bye');
    return;
  }
  // FreeSWITCH answers a 401 or 407 with the credentials of the gateway that the channel names; without them it hangs
  // up (sofia_reg_handle_sip_r_challenge).
  if (
    challenges !== undefined &&
    !leg.freeswitch.gateways.some(({ settings }) => settings.name === channel.variables.get('sip_use_gateway'))
  ) {
    return void leg.after(1, () => leg.hangup('MANDATORY_IE_MISSING', 'send_bye'));
  }
  leg.after(1 + (challenges ?? 0), () => {
    channel.set('sip_refer_status_code', String(refer));
    if (refer >= 300 || target === null) return;
    channel.set('sip_refer_target_provisional_status_code', '100');
    leg.after(afterMs, () => {
      notified();
      if (hangsUp) return leg.hangup('NORMAL_CLEARING', 'recv_bye');
      // A NOTIFY that ends the subscription takes the SIP dialog with it, whatever it says: BYE goes out, and the
      // channel stays (libs/testkit/recordings/inbound-transfer-refused.esl.txt).
      if (ends) leg.forsake();
    });
  });
}
