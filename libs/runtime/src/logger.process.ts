import { context, isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger as PinoLogger, type LoggerOptions, pino, stdSerializers } from 'pino';
import { redact, redactText } from './redaction.js';

export type Logger = PinoLogger;

/**
 * A failed query (TypeORM's error) carries its parameters: hundreds of whole calls, sealed secrets, callers' numbers.
 * Node's error of a URL that is none carries the text, which may hold a password. None of that is in the log, and the
 * message says what failed.
 */
function describeError(error: Error): object {
  const {
    parameters: _values,
    input: _text,
    ...described
  } = stdSerializers.err(error) as object & { parameters?: unknown; input?: unknown };
  return described;
}
const redactObject = (fields: Record<string, unknown>) => redact(fields, describeError) as Record<string, unknown>;

/**
 * JSON lines with `service`, an ISO time, and the trace and span that were active. Control characters in values from
 * outside are escaped by JSON itself.
 */
export function createLogger(
  service: string,
  options: { level?: string; destination?: DestinationStream } = {},
): Logger {
  const settings: LoggerOptions = {
    level: options.level ?? 'info',
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    formatters: { level: (label) => ({ level: label }), log: redactObject, bindings: redactObject },
    mixin: activeTrace,
    // Errors were described and redacted with everything else; pino's own serializer would look at them once more.
    serializers: { err: (error: unknown) => error },
    hooks: { streamWrite: redactText },
  };
  return redactChildren(options.destination ? pino(settings, options.destination) : pino(settings));
}

/**
 * pino drops the parent's `bindings` formatter for a child. Grandchildren inherit this from their parent, which is
 * their prototype.
 */
function redactChildren(logger: Logger): Logger {
  const child = logger.child;
  logger.child = function redacted(this: Logger, bindings: Record<string, unknown>, ...rest: unknown[]) {
    return Reflect.apply(child, this, [redactObject(bindings), ...rest]) as never;
  };
  return logger;
}

function activeTrace(): object {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** Nest's LoggerService, with every method. */
export interface NestLogger {
  log(message: unknown, ...rest: unknown[]): void;
  error(message: unknown, ...rest: unknown[]): void;
  warn(message: unknown, ...rest: unknown[]): void;
  debug(message: unknown, ...rest: unknown[]): void;
  verbose(message: unknown, ...rest: unknown[]): void;
  fatal(message: unknown, ...rest: unknown[]): void;
}

/**
 * Nest's own start-up lines are worth debug level; its warnings and errors keep theirs. The last argument that Nest
 * gives is the context (a class's name), for errors the one before is the stack.
 */
export function nestLogger(logger: Logger): NestLogger {
  const at =
    (level: 'debug' | 'trace' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...rest: unknown[]) => {
      const where = typeof rest.at(-1) === 'string' ? { context: rest.at(-1) } : {};
      const stack = rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};
      if (message instanceof Error) logger[level]({ ...where, ...stack, err: message }, message.message);
      else if (typeof message === 'string') logger[level]({ ...where, ...stack }, message);
      else logger[level]({ ...where, ...stack, detail: message }, 'nest');
    };
  return {
    log: at('debug'),
    error: at('error'),
    warn: at('warn'),
    debug: at('debug'),
    verbose: at('trace'),
    fatal: at('fatal'),
  };
}
