/**
 * An assistant that says back what it hears, and hangs up at the key #. Node with the packages ws and standardwebhooks,
 * nothing of TrunkMesh.
 *
 *   PORT=8080 PUBLIC_URL=ws://127.0.0.1:8080/stream SIGNING_SECRET='a secret of 16 or more' node
 *   docs/guides/echo-assistant.mjs
 *
 * PUBLIC_URL is the media_url that was set, letter by letter: its signature covers it.
 */
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { WebSocketServer } from 'ws';

const { PORT = '8080', PUBLIC_URL = `ws://127.0.0.1:${PORT}/stream`, SIGNING_SECRET = '' } = process.env;
const webhook = SIGNING_SECRET.startsWith('whsec_')
  ? new Webhook(SIGNING_SECRET)
  : new Webhook(Buffer.from(SIGNING_SECRET), { format: 'raw' });

/** The text as JSON, or undefined where it does not come from whoever knows the secret. */
function verified(text, headers) {
  try {
    return webhook.verify(text, headers);
  } catch {
    return undefined;
  }
}

const server = createServer((request, response) => {
  let text = '';
  request
    .setEncoding('utf8')
    .on('data', (part) => {
      text += part;
    })
    .on('end', () => {
      const body = verified(text, request.headers);
      if (body === undefined) return response.writeHead(401).end();
      if (request.url === '/sip-prewarm') {
        // Two seconds to get ready while the phone rings: load the prompt, open the model's session.
        console.log(`${body.call_sid} rings: ${body.from_number} calls ${body.to_number}`);
        return response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ call_sid: body.call_sid, prewarmed: true }));
      }
      console.log(`${body.call_sid} is ${body.status}`);
      response.writeHead(204).end();
    });
});

// A handshake has no body: what is signed is the URL as a JSON text.
const streams = new WebSocketServer({
  server,
  path: '/stream',
  verifyClient: ({ req }) => verified(JSON.stringify(PUBLIC_URL), req.headers) !== undefined,
});

streams.on('connection', (stream) => {
  let streamSid;
  const say = (message) => stream.send(JSON.stringify({ ...message, streamSid }));
  stream.on('message', (data) => {
    const message = JSON.parse(data);
    switch (message.event) {
      case 'start':
        ({ streamSid } = message.start);
        console.log(`${message.start.callSid} talks with assistant ${message.start.customParameters.assistant_id}`);
        say({ event: 'mark', mark: { name: 'start_acknowledged' } });
        break;
      case 'media':
        say({ event: 'media', media: { payload: message.media.payload } });
        break;
      case 'dtmf':
        if (message.dtmf.digit === '#') stream.close();
        // Whatever is queued is not heard any more: the caller interrupts.
        else say({ event: 'clear' });
        break;
    }
  });
});

server.listen(Number(PORT), () => {
  console.log(`the assistant answers at ${PUBLIC_URL}`);
});
