import { createSocket, type Socket } from 'node:dgram';
import { headerOf, parseSip, respond } from '../sip/sip-message.js';
import { ownTag } from './ack.js';
import type { SipCapture } from './capture.net.js';
import { legsOf } from './leg.process.js';
import type { Switch } from './switch.process.js';

/**
 * The only SIP that the stand-in speaks on a wire: a request within a dialog is answered 481 where there is no such
 * dialog, and 500 where its CSeq is too low.
 */
export function answerDialogs(freeswitch: Switch, capture: SipCapture): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (data, peer) => {
    const request = parseSip(data.toString('utf8'));
    if (request?.method !== 'OPTIONS') return;
    capture.copy('in', peer, data.toString('utf8'));
    const tag = (name: string) => /;tag=([^;]+)/.exec(headerOf(request, name))?.[1];
    const known = [...legsOf(freeswitch).values()].some((leg) => {
      const variable = (name: string) => leg.channel.variables.get(name);
      return (
        variable('sip_call_id') === headerOf(request, 'call-id') &&
        variable('sip_from_tag') === tag('from') &&
        ownTag(leg.uuid) === tag('to')
      );
    });
    const answer = known
      ? { status: 500, phrase: 'Internal Server Error' }
      : { status: 481, phrase: 'Call Does Not Exist' };
    const response = respond(request, answer);
    capture.copy('out', peer, response.toString());
    socket.send(response, peer.port, peer.address);
  });
  const { sipAddress, sipPort } = freeswitch.sofia;
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(sipPort, sipAddress, () => {
      resolve(socket);
    });
  });
}
