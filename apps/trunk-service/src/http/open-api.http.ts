import { applyDecorators, type INestApplication } from '@nestjs/common';
import { ApiExtension, ApiOperation, ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { completed, type OpenApi } from './open-api.js';

export interface Description {
  summary: string;
  /** What the answer's body is. */
  answer?: z.ZodType;
  /** Default 200. */
  status?: number;
  /** Where the handler reads the body itself and has no `@Body({ schema })`, by media type. */
  body?: Readonly<Record<string, z.ZodType>>;
  /** The request may come without a body. */
  bodyOptional?: boolean;
}

/** What the schema of the parameters does not say about a route. */
export function Described({ summary, answer, status = 200, body, bodyOptional = false }: Description): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({
      status,
      description: status === 201 ? 'Created' : status === 204 ? 'Done' : 'OK',
      ...(answer === undefined ? {} : { standardSchema: answer }),
    }),
    ...(body === undefined ? [] : [describedBody(body)]),
    ...(bodyOptional ? [ApiExtension('x-body-optional', true)] : []),
  );
}

/** Nest's document builder knows one schema a body; `completed` puts these in its place. */
function describedBody(body: Readonly<Record<string, z.ZodType>>): MethodDecorator {
  return ApiExtension(
    'x-body',
    Object.fromEntries(Object.entries(body).map(([type, schema]) => [type, { schema: jsonSchema(schema, 'input') }])),
  ) as MethodDecorator;
}

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output') =>
  z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
    cycles: 'ref',
    override: ({ jsonSchema: made }) => {
      // `nullable` adds null to the type alone (OpenAPI 3.0.3, Schema Object): a strict client refuses a null that is
      // not among the values.
      if (made['nullable'] === true && made.enum !== undefined && !made.enum.includes(null))
        made.enum = [...made.enum, null];
      for (const part of [made, ...(made.allOf ?? [])])
        if (part.pattern !== undefined) part.pattern = portable(part.pattern);
    },
  });

/**
 *  `\p{…}` needs a flag that a schema cannot name: Python refuses the pattern, JavaScript without the flag refuses
 *  every text with a "p" or an "s". No JSON text has half a surrogate pair.
 */
const portable = (pattern: string) => pattern.replace('\\p{Cc}\\p{Cs}', '\\x00-\\x1F\\x7F-\\x9F');

/** `/api/openapi.json`, made of the very schemas that the requests are checked with, and `/api/docs` to read it. */
export function serveOpenApi(app: INestApplication): void {
  const base = new DocumentBuilder()
    .setTitle('TrunkMesh')
    .setVersion('1')
    .setDescription('SIP trunks, phone numbers and bridges of a voice-AI platform.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key (`tm_…`), or the bootstrap key.' }, 'key')
    .build();
  const document = () =>
    completed(
      SwaggerModule.createDocument(app, base, {
        operationIdFactory: (controller, method) =>
          `${controller.replace(/Controller$/, '').replace(/^./, (letter) => letter.toLowerCase())}${method.replace(/^./, (letter) => letter.toUpperCase())}`,
        standardSchemaConverter: (schema, { schemaType }) =>
          schema instanceof z.ZodType ? { schema: jsonSchema(schema, schemaType) } : undefined,
      }) as unknown as OpenApi,
    );
  SwaggerModule.setup('api/docs', app, document as never, {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'TrunkMesh API',
  });
}
