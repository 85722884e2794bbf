import { createSocket } from 'node:dgram';
import { ownBranch } from '../sip-capture/own-requests.process.js';
import { knowsDialog, probeOf, type DialogKey } from './sip-dialog.js';

/** Whether FreeSWITCH has the dialog with this To tag; also false if it does not answer. */
export type ProbeDialog = (key: DialogKey, toTag: string) => Promise<boolean>;

const DEADLINE_MS = 1_000;

export const probeDialog: ProbeDialog = (key, toTag) =>
  new Promise((resolve) => {
    const socket = createSocket(key.host.includes(':') ? 'udp6' : 'udp4');
    const done = (known: boolean): void => {
      clearTimeout(timer);
      socket.removeAllListeners('message');
      try {
        socket.close();
      } catch {
        /* It is closed. */
      }
      resolve(known);
    };
    const timer = setTimeout(() => {
      done(false);
    }, DEADLINE_MS);
    socket.once('error', () => {
      done(false);
    });
    // A connected socket: only FreeSWITCH can answer.
    socket.connect(key.port, key.host, () => {
      const { address: host, port } = socket.address();
      socket.on('message', (response) => {
        const known = knowsDialog(response.toString('latin1'));
        if (known !== undefined) done(known);
      });
      socket.send(probeOf(key, toTag, { host, port, branch: ownBranch() }));
    });
  });
