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
const SESSION_OPTIONS = Object.entries(SESSION).map(([name, value]) => `-c ${name}=${value}`);

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
    // From the URL or PGOPTIONS; of two values for one setting PostgreSQL takes the last. No round trip of its own.
    const { connectionParameters } = this as unknown as { connectionParameters: { options?: string | undefined } };
    const given = connectionParameters.options ? [connectionParameters.options] : [];
    connectionParameters.options = [...given, ...SESSION_OPTIONS].join(' ');
  }
}
