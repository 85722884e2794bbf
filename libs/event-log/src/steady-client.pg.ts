import { callbackify } from 'node:util';
import pg from 'pg';

/**
 * What our statements and the parsers of pg depend on, in every session, however the database, the role or the server
 * is set up: a `date` as text, a time in a CSV file or an archive, a float that is read back.
 */
const SESSION = {
  datestyle: 'ISO,MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
};
const SET = Object.entries(SESSION)
  .map(([name, value]) => `SET ${name} = '${value}'`)
  .join('; ');

/**
 * The `Client` of every connection. PostgreSQL may end a connection at any time (a failover, `pg_terminate_backend`),
 * and pg then emits `error` on the client, often twice: for the server's FATAL message and for the closed socket. The
 * pool listens only while the client is idle, and TypeORM's query runner only to the first of them. Without a listener
 * Node ends the process. The statements under way are rejected either way, and their callers handle that.
 */
export class SteadyClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }

  // A statement and no start-up parameter: connection poolers refuse those that they do not know.
  override connect(): Promise<pg.Client>;
  override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void;
  override connect(callback?: (error: never, client: pg.Client) => void): Promise<pg.Client> | void {
    const connected = super.connect().then(async (client) => {
      await this.query(SET);
      return client;
    });
    if (callback === undefined) return connected;
    callbackify(() => connected)((error, client) => callback(error as never, client));
  }
}
