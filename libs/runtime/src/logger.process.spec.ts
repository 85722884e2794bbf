import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, nestLogger } from './logger.process.js';
import { startTelemetry, type Telemetry } from './telemetry.otel.js';
import { withSpan } from './trace.otel.js';

let telemetry: Telemetry | undefined;
afterEach(async () => {
  await telemetry?.shutdown();
  telemetry = undefined;
});

function logging(level = 'info') {
  const lines: string[] = [];
  const logger = createLogger('test-service', {
    level,
    destination: {
      write: (line) => {
        lines.push(line);
      },
    },
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON line with service, level as a word and an ISO time', () => {
    const { logger, lines, last } = logging();
    logger.info({ trunk: 't' }, 'line one\nline two\u001b[31m');
    expect(lines).toHaveLength(1);
    expect(lines[0]!.trimEnd()).not.toMatch(/[\n\p{Cc}]/u);
    expect(last()).toMatchObject({
      service: 'test-service',
      level: 'info',
      trunk: 't',
      message: 'line one\nline two\u001b[31m',
    });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('hides secrets in fields, in child bindings, in errors and in texts', () => {
    const { logger, lines } = logging();
    logger
      .child({ password: 'hunter2' })
      .info({ request: { headers: { authorization: 'Bearer hunter2hunter2' } } }, 'to postgres://u:hunter2@h/d');
    logger.error(
      { err: Object.assign(new Error('cannot reach nats://u:hunter2@h'), { password: 'hunter2' }) },
      'failed',
    );
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('cannot reach');
  });

  it('shows a failed query without its parameters', () => {
    const { logger, lines, last } = logging();
    const failed = Object.assign(new Error('deadlock detected'), {
      query: 'INSERT INTO calls',
      parameters: [['{"from":"+15559876543"}']],
      code: '40P01',
    });
    logger.warn({ err: new Error('the batch failed', { cause: failed }) }, 'outside');
    logger.warn({ err: failed }, 'trying again');
    expect(last()).toMatchObject({
      err: {
        type: 'Error',
        message: 'deadlock detected',
        stack: expect.any(String),
        query: 'INSERT INTO calls',
        code: '40P01',
      },
    });
    expect(lines.join('')).not.toContain('+15559876543');
  });

  it('shows a URL that is none without its text', () => {
    const { logger, lines, last } = logging();
    // As Node throws it.
    logger.error(
      { err: Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: 'https://u:hunter/2@h' }) },
      'failed',
    );
    expect(last()).toMatchObject({ err: { type: 'TypeError', message: 'Invalid URL', code: 'ERR_INVALID_URL' } });
    expect(lines.join('')).not.toContain('hunter');
  });

  it('carries the active span', async () => {
    telemetry = startTelemetry('test', {});
    const { logger, last } = logging();
    await withSpan('work', { parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, () =>
      logger.info('inside'),
    );
    expect(last()).toMatchObject({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: expect.stringMatching(/^[\da-f]{16}$/),
    });
    logger.info('outside');
    expect(last()).not.toHaveProperty('trace_id');
  });
});

describe('nestLogger', () => {
  it.each([
    ['warn', ['odd', 'Router'], { level: 'warn', message: 'odd', context: 'Router' }],
    [
      'error',
      ['broke', 'Error: at x', 'Router'],
      { level: 'error', message: 'broke', stack: 'Error: at x', context: 'Router' },
    ],
    ['error', [new Error('broke')], { level: 'error', message: 'broke' }],
    ['log', ['started', 'NestFactory'], { level: 'debug', message: 'started' }],
    ['fatal', [{ odd: 1 }], { level: 'fatal', detail: { odd: 1 } }],
  ] as const)('%s %j', (method, given, expected) => {
    const { logger, last } = logging('trace');
    const [message, ...rest] = given;
    nestLogger(logger)[method](message, ...rest);
    expect(last()).toMatchObject(expected);
  });
});
