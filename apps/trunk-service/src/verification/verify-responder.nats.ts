import { verificationCall, type VerificationAnswer } from '@trunkmesh/contracts/address.js';
import { ADDRESS_VERIFY, ADDRESS_VERIFY_QUEUE } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { invalidCall, UNAVAILABLE } from './judge.js';
import { takeVerificationCall } from './verification.pg.js';

/** Answers the bridges; one copy of the service for each request. */
export function answerVerifications(store: EventStore, nats: OwnNatsLink, logger: Logger): { stop(): Promise<void> } {
  let stopped = false;
  let end = async () => {};
  nats.ready
    .then((connection) => {
      if (stopped) return;
      const subscription = connection.subscribe(ADDRESS_VERIFY, {
        queue: ADDRESS_VERIFY_QUEUE,
        callback: (error, message) => {
          if (error) return logger.warn({ err: { message: error.message } }, 'cannot take verification calls');
          void answer(store, logger, message.data).then((reply) => message.respond(JSON.stringify(reply)));
        },
      });
      end = async () => {
        if (!connection.isClosed()) await subscription.drain();
      };
    })
    .catch((error: Error) =>
      logger.error({ err: { message: error.message } }, 'cannot subscribe to verification calls'),
    );
  return {
    stop: async () => {
      stopped = true;
      await end();
    },
  };
}

async function answer(store: EventStore, logger: Logger, bytes: Uint8Array): Promise<VerificationAnswer> {
  const request = verificationCall.safeParse(jsonOf(bytes));
  if (!request.success) return invalidCall('The request is not a verification call.');
  try {
    return await takeVerificationCall(store, request.data);
  } catch (error) {
    logger.warn({ err: { message: (error as Error).message } }, 'a verification call could not be judged');
    return UNAVAILABLE;
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
