import { DOMAIN_ERRORS, type DomainErrorCode } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';

/** What `problemOf` makes (RFC 9457), for the API's description. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('`urn:trunkmesh:problem:` and the code.'),
    title: z.string().describe('The code in words.'),
    status: z.number().int().describe('The HTTP status.'),
    code: z
      .enum(Object.keys(DOMAIN_ERRORS) as [DomainErrorCode, ...DomainErrorCode[]])
      .describe('The reason as a constant, for programs.'),
    detail: z.string().describe('What happened and what to do, for people.'),
    errors: z
      .array(
        z
          .object({
            pointer: z
              .string()
              .describe('A JSON pointer (RFC 6901) into the request; of a query parameter a slash and its name.'),
            detail: z.string().describe('What is wrong there.'),
          })
          .meta({ id: 'FieldProblem', description: 'What is wrong with one field.' }),
      )
      .optional()
      .describe('What is wrong, field by field.'),
    request_id: z.string().describe('The request, as the logs name it; also in the header X-Request-Id.'),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused or failed (RFC 9457).' });
