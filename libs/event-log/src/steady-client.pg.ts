import pg from 'pg';

/**
 * The `Client` of every pool. PostgreSQL may end a connection at any time (a failover, `pg_terminate_backend`), and pg
 * then emits `error` on the client, often twice: for the server's FATAL message and for the closed socket. The pool
 * listens only while the client is idle, and TypeORM's query runner only to the first of them. Without a listener Node
 * ends the process. The statements under way are rejected either way, and their callers handle that.
 */
export class SteadyClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
