import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';

const LONGEST_PROBLEM = 500;

/** The request does not match its schema. The message names the fields, never their values. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';

  constructor({ issues }: z.ZodError) {
    super(
      issues
        .map(({ path, message }) => `${path.length === 0 ? 'the request' : path.join('.')}: ${message}`)
        .join('; ')
        .slice(0, LONGEST_PROBLEM),
    );
  }
}

/**
 * Parses what `@Payload({ schema })` asks for.
 *
 * @throws InvalidRequest
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  transform(value: unknown, { schema }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new InvalidRequest(parsed.error);
    return parsed.data;
  }
}
