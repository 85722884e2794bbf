import { jetstream } from '@nats-io/jetstream';
import type { CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { refusedSubject } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { uuidv7 } from 'uuidv7';
import { word } from '../esl/esl-command.js';
import type { EslClient } from '../esl/esl-client.net.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { openCapture, type Capture } from './capture.net.js';
import { readHep } from './hep.js';
import { ownEndpoints } from './own-endpoints.js';
import { RefusedInvites, type RefusedInvite } from './refused-invites.js';
import { capturedMessages, refusedCalls, refusedRowsDropped } from './refused-metrics.otel.js';
import { RefusedMinutes } from './refused-minutes.js';
import { readSipHead } from './sip-head.js';

export interface RefusedOptions {
  bridgeId: string;
  profile: string;
  /** 0: no capture; only what the agent itself refuses is told. */
  capturePort: number;
  handled: (sipCallId: string) => boolean;
  link: NatsLink;
  logger: Logger;
  flushMs?: number;
}

export interface RefusedFeature {
  /** A call that the agent refused and that belongs to no organisation. */
  note(refused: RefusedInvite): void;
  onUp(esl: Pick<EslClient, 'api'>): void;
  /** `up`, also where it was switched off, or why FreeSWITCH's refusals are not seen. */
  readiness(): string;
  stop(): Promise<void>;
}

const FLUSH_MS = 2_000;
const AT_ONCE = 64;
const PROFILE_AGAIN_MS = 2_000;
const INVITE = Buffer.from('INVITE ');
const RESPONSE = Buffer.from('SIP/2.0 ');

/**
 * What FreeSWITCH refuses before anybody is asked, as its own capture shows it, counted and told to whoever keeps it.
 * Nothing of a message is kept but what `RefusedInvite` has.
 */
export async function startRefused(options: RefusedOptions): Promise<RefusedFeature> {
  const { link, logger, bridgeId } = options;
  const invites = new RefusedInvites(options.handled);
  const minutes = new RefusedMinutes();
  /** Which side of a message FreeSWITCH is; empty: not known yet. */
  let own: ReadonlySet<string> = new Set();
  let trouble: string | undefined;
  let dropped = 0;

  const note = (refused: RefusedInvite): void => {
    refusedCalls.add(1, { reason: refused.reason });
    minutes.add(refused, new Date());
    if (minutes.dropped > dropped) refusedRowsDropped.add(minutes.dropped - dropped);
    dropped = minutes.dropped;
  };

  const onDatagram = (datagram: Buffer): void => {
    const captured = readHep(datagram);
    if (captured === undefined) return capturedMessages.add(1, { outcome: 'unreadable' });
    const sip = Buffer.from(captured.sip.buffer, captured.sip.byteOffset, captured.sip.length);
    const incoming = startsWith(sip, INVITE) && own.has(captured.destination);
    const final = startsWith(sip, RESPONSE) && sip[RESPONSE.length] !== 0x31 && own.has(captured.source);
    if (!incoming && !final) return;
    const head = readSipHead(sip.toString('latin1'));
    if (head === undefined) return;
    if (incoming) return invites.invite(head, captured.sourceAddress, Date.now());
    const refused = invites.answer(head, captured.destinationAddress);
    if (refused !== undefined) note(refused);
  };

  const flush = async (): Promise<void> => {
    const nc = link.connection;
    const rows = minutes.pending();
    if (nc === undefined || rows.length === 0) return;
    const js = jetstream(nc);
    for (let start = 0; start < rows.length; start += AT_ONCE) {
      await Promise.all(
        rows.slice(start, start + AT_ONCE).map(async ([key, row]) => {
          const event: CallsRefused = {
            specversion: '1.0',
            id: uuidv7(),
            source: `trunkmesh/bridge-agent/${bridgeId}`,
            type: 'CallsRefused',
            subject: refusedSubject(bridgeId),
            time: row.last_at,
            datacontenttype: 'application/json',
            data: { bridge_id: bridgeId, ...row },
          };
          await js.publish(event.subject, JSON.stringify(event), { msgID: event.id });
          minutes.told(key, row);
        }),
      );
    }
  };
  let flushing: Promise<void> | undefined;
  const flushOnce = (): Promise<void> =>
    (flushing ??= flush()
      .catch((error: unknown) => {
        logger.debug({ err: error }, 'refused calls could not be published; trying again');
      })
      .finally(() => {
        flushing = undefined;
      }));
  const timer = setInterval(() => {
    void flushOnce();
  }, options.flushMs ?? FLUSH_MS);

  let asking: NodeJS.Timeout | undefined;
  const askProfile = async (esl: Pick<EslClient, 'api'>): Promise<void> => {
    clearTimeout(asking);
    const reply = await esl.api('sofia', `xmlstatus profile ${word("the profile's name", options.profile)}`);
    if (reply.outcome === 'reply') own = ownEndpoints(reply.text);
    // The profile may be starting still.
    if (own.size === 0 && reply.outcome !== 'disconnected')
      asking = setTimeout(() => {
        void askProfile(esl);
      }, PROFILE_AGAIN_MS);
  };

  const capture =
    options.capturePort === 0
      ? undefined
      : await openCapture(options.capturePort, logger, onDatagram).catch((error: Error): Capture | undefined => {
          trouble =
            `the capture port ${options.capturePort} cannot be opened (${error.message}): ` +
            'what FreeSWITCH itself refuses is not recorded';
          logger.error(
            { err: error, port: options.capturePort },
            'the capture port cannot be opened; what FreeSWITCH itself refuses is not recorded',
          );
          return undefined;
        });

  return {
    note,
    onUp: (esl) => {
      void askProfile(esl);
    },
    readiness: () => trouble ?? 'up',
    async stop() {
      clearTimeout(asking);
      clearInterval(timer);
      await capture?.stop();
      await flushing;
      await flushOnce();
    },
  };
}

const startsWith = (bytes: Buffer, prefix: Buffer): boolean =>
  bytes.length > prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
