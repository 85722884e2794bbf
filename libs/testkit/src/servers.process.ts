import { startNatsServer, type NatsServer } from './nats-server.process.js';
import { startPostgres, type Postgres } from './postgres.process.js';

export interface Servers {
  postgres: Postgres;
  nats: NatsServer;
  stop(): Promise<void>;
}

/** Both private servers. Where one cannot be started the other is stopped again. */
export async function startServers(): Promise<Servers> {
  const [postgres, nats] = await Promise.allSettled([startPostgres(), startNatsServer()]);
  if (postgres.status === 'fulfilled' && nats.status === 'fulfilled') {
    return {
      postgres: postgres.value,
      nats: nats.value,
      stop: async () => {
        await Promise.all([postgres.value.stop(), nats.value.stop()]);
      },
    };
  }
  for (const one of [postgres, nats]) if (one.status === 'fulfilled') await one.value.stop();
  throw (postgres.status === 'rejected' ? postgres : (nats as PromiseRejectedResult)).reason;
}
