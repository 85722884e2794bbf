import { applyDecorators, type INestApplication } from '@nestjs/common';
import { ApiExtension, ApiOperation, ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { llmsText } from './llms-text.js';
import { withComponents, withDefinitions, type Direction } from './open-api-components.js';
import { webhooks } from './open-api-webhooks.js';
import { completed, type OpenApi } from './open-api.js';
import { problemSchema } from './problem-schema.js';

export interface Description {
  /** The operation's name in a generated client, for example `listTrunks`. */
  id: string;
  summary: string;
  /** What the answer's body is. */
  answer?: z.ZodType;
  /** The media type of an answer that is a file and not JSON. */
  file?: string;
  /** Answers with another status, and what their body is. */
  also?: Readonly<Record<number, z.ZodType>>;
  /** Default 200. */
  status?: number;
  /** Where the handler reads the body itself and has no `@Body({ schema })`, by media type. */
  body?: Readonly<Record<string, z.ZodType>>;
  /** The request may come without a body. */
  bodyOptional?: boolean;
}

/** What the schema of the parameters does not say about a route. */
export function Described(description: Description): MethodDecorator {
  const { id, summary, answer, file, also = {}, status = 200, body, bodyOptional = false } = description;
  return applyDecorators(
    ApiOperation({ operationId: id, summary }),
    ApiResponse({
      status,
      description: status === 201 ? 'Created' : status === 204 ? 'Done' : 'OK',
      ...(answer === undefined ? {} : { standardSchema: answer }),
      ...(file === undefined ? {} : { content: { [file]: { schema: { type: 'string', format: 'binary' } } } }),
    }),
    ...Object.entries(also).map(([other, schema]) =>
      ApiResponse({ status: Number(other), description: 'Accepted', standardSchema: schema }),
    ),
    ...(body === undefined ? [] : [describedBody(body)]),
    ...(bodyOptional ? [ApiExtension('x-body-optional', true)] : []),
  );
}

/** Nest's document builder knows one schema a body; `completed` puts these in its place. */
function describedBody(body: Readonly<Record<string, z.ZodType>>): MethodDecorator {
  return ApiExtension(
    'x-body',
    Object.fromEntries(Object.entries(body).map(([type, schema]) => [type, { schema: schemaOf(schema, 'input') }])),
  ) as MethodDecorator;
}

/** A named schema is a reference; its definition is at hand for `withComponents`. */
function schemaOf(schema: z.ZodType, direction: Direction): object {
  const { $schema: _dialect, $defs: definitions = {}, ...root } = jsonSchema(schema, direction);
  return withDefinitions(root, definitions, direction);
}

const jsonSchema = (schema: z.ZodType, io: Direction) =>
  z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    cycles: 'ref',
    override: ({ jsonSchema: made }) => {
      if (made.pattern !== undefined) made.pattern = portable(made.pattern);
      for (const part of made.allOf ?? []) if (part.pattern !== undefined) part.pattern = portable(part.pattern);
      // A client must take what a later version adds.
      if (io === 'output' && made.additionalProperties === false) delete made.additionalProperties;
    },
  });

/**
 * `\p{…}` needs a flag that a schema cannot name: Python refuses the pattern, JavaScript without the flag refuses
 * every text with a "p" or an "s". No JSON text has half a surrogate pair.
 */
const portable = (pattern: string) => pattern.replace('\\p{Cc}\\p{Cs}', '\\x00-\\x1F\\x7F-\\x9F');

/**
 * `/api/openapi.json`, made of the very schemas that the requests are checked with, `/docs` to read it, and `/llms.txt`
 * for language models.
 */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, (() => openApiDocument(app)) as never, {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'TrunkMesh API',
  });
  const http = app.getHttpAdapter();
  http.get('/api/docs', (_request: Request, response: Response) => response.redirect(301, '/docs'));
  http.get('/', (_request: Request, response: Response) => response.type('html').send(FRONT_PAGE));
  // Making the description takes a moment, so it is made once.
  let llms: string | undefined;
  http.get('/llms.txt', (_request: Request, response: Response) =>
    response.type('text/plain').send((llms ??= llmsText(openApiDocument(app)))),
  );
}

/** The description itself; the types of the command line and of the dashboard are generated from it. */
export function openApiDocument(app: INestApplication): OpenApi {
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('TrunkMesh')
    .setVersion('1')
    .setDescription('SIP trunks, phone numbers, calls and bridges of a voice-AI platform.')
    .addServer('/', 'This service')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key (`tm_…`), or the bootstrap key.' }, 'key')
    .build();
  base.info.license = { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' };
  const made = SwaggerModule.createDocument(app, base, {
    autoTagControllers: false,
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? { schema: schemaOf(schema, schemaType) as never } : undefined,
  }) as unknown as OpenApi;
  return withComponents({ ...completed(made, schemaOf(problemSchema, 'output')), webhooks: webhooks(schemaOf) });
}

const FRONT_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>TrunkMesh</title>
<h1>TrunkMesh</h1>
<p><a href="/app">The dashboard</a></p>
<p><a href="/docs">The API, to read and to try</a> (<a href="/api/openapi.json">OpenAPI 3.1</a>)</p>
</html>
`;
