import type { Headers } from './wire.js';

/** What a channel knows of its own audio once it is answered. */
export function localMedia(address: string): Headers {
  const port = 16_384 + Math.floor(Math.random() * 4_000) * 2;
  const sdp =
    `v=0\r\no=FreeSWITCH 1 2 IN IP4 ${address}\r\ns=FreeSWITCH\r\nc=IN IP4 ${address}\r\nt=0 ` +
    `0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 ` +
    'telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n';
  return [
    ['rtp_local_sdp_str', sdp],
    ['local_media_ip', address],
    ['local_media_port', String(port)],
    ['advertised_media_ip', address],
    ['rtp_use_timer_name', 'soft'],
    ['rtp_use_pt', '0'],
    ['rtp_use_ssrc', String(Math.floor(Math.random() * 2 ** 31))],
    ['rtp_2833_send_payload', '101'],
    ['rtp_2833_recv_payload', '101'],
  ];
}
