import { createServer, type Socket } from 'node:net';

/**
 * The measure: a program at the other end of FreeSWITCH's `socket` that answers every call at once and knows nothing
 * of it. `PORT`; says `ready` when it listens.
 */
const ANSWER = 'sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n';

const server = createServer({ noDelay: true }, (socket: Socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.write(ANSWER));
  socket.resume();
  socket.write('connect\n\n');
});
server.listen(Number(process.argv[2]), '127.0.0.1', 1024, () => console.log('ready'));
// The measurement holds the other end: when it ends, however it ends, so does this.
process.stdin.resume().once('end', () => process.exit(0));
