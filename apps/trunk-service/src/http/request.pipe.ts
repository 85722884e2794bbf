import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseRequest } from './field-problems.js';

/**
 * What `@Body({ schema })`, `@Query({ schema })` and `@Param(name, { schema })` ask for. Nest's
 * StandardSchemaValidationPipe cannot hand zod an error map, and its messages ("Invalid input: expected string,
 * received undefined") are not for the people who read ours.
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  transform(value: unknown, { schema }: ArgumentMetadata): unknown {
    return schema instanceof z.ZodType ? parseRequest(schema, value) : value;
  }
}
