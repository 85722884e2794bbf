import type { Msg } from '@nats-io/transport-node';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from './mesh.fixture.js';

/** The services that trunk-service asks, played by a test. */
export interface Others {
  /** Answers with JSON, or a text as it is, until they are silenced; gives what is asked meanwhile. */
  answer<Request>(subject: string, of: (request: Request, message: Msg) => unknown): Promise<Request[]>;
  silence(): void;
}

export async function startMeshAndOthers(): Promise<{ mesh: Mesh; others: Others; stop(): Promise<void> }> {
  const mesh = await startMesh();
  const nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  await eventually(() => mesh.service.parts.nats.connection !== undefined);
  const silences: (() => void)[] = [];
  const others: Others = {
    answer: async <Request>(subject: string, of: (request: Request, message: Msg) => unknown) => {
      const asked: Request[] = [];
      const subscription = nc.subscribe(subject, {
        callback: (_error, message) => {
          const request = message.json<Request>();
          asked.push(request);
          void Promise.resolve(of(request, message)).then((given) =>
            message.respond(typeof given === 'string' ? given : JSON.stringify(given)),
          );
        },
      });
      silences.push(() => subscription.unsubscribe());
      await nc.flush();
      return asked;
    },
    silence: () => {
      for (const one of silences.splice(0)) one();
    },
  };
  return {
    mesh,
    others,
    stop: async () => {
      await nc.close();
      await mesh.stop();
    },
  };
}
