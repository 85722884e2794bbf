import type { Readable, Writable } from 'node:stream';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, type CallToolResult, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { doubtOf, NO_API } from '../api/api.http.js';
import { failureOf } from '../api/problem.js';
import { CommandFailure } from '../failure.js';
import type { Profile } from '../profile/profile.js';
import { Confirmations } from './confirmations.process.js';
import { type OpenApiDocument, requestOf, requestText, type Tool, type ToolRequest, toolsOf } from './tools.js';

export interface McpOptions {
  profile: Profile;
  allowWrites: boolean;
  signal: AbortSignal;
  stdin?: Readable;
  stdout?: Writable;
}

const ANSWER_MS = 60_000;
/** A model reads no more than this at once. */
const MAX_CHARACTERS = 100_000;
const INSTRUCTIONS =
  'TrunkMesh connects SIP trunks (carriers, PBXs) to voice assistants. To find out why a call failed: listCalls or ' +
  'listRefusedCalls, then getCall; for what would happen to a call: explainRoute; for a trunk: getTrunkStatus.';

/** Serves MCP over standard input and output until the client leaves. */
export async function serveMcp(options: McpOptions): Promise<void> {
  const { profile, allowWrites, signal } = options;
  const document = (await ask(profile, { method: 'GET', target: '/api/openapi.json' })).json;
  if (!isDocument(document)) throw new CommandFailure(NO_API);
  const tools = toolsOf(document, allowWrites);
  const server = new Server(
    { name: 'trunkmesh', version: '0.1.0' },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  const confirmations = new Confirmations();
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(listed) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }): Promise<CallToolResult> => {
    const tool = tools.find(({ name }) => name === params.name);
    if (tool === undefined) return failed(`there is no tool ${params.name}; writing tools need --allow-writes`);
    const { confirmation, ...given } = params.arguments ?? {};
    try {
      const request = requestOf(tool, given);
      const refusal = tool.writes
        ? await unconfirmed(server, confirmations, { tool, request, confirmation })
        : undefined;
      if (refusal !== undefined) return refusal;
      return said((await ask(profile, request)).text);
    } catch (error) {
      return failed((error as Error).message);
    }
  });
  const transport = new StdioServerTransport(options.stdin, options.stdout);
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
    (options.stdin ?? process.stdin).once('end', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.connect(transport);
  await closed;
  await server.close();
}

function listed({ name, description, inputSchema, writes }: Tool) {
  const confirmation = { type: 'string', description: 'The code of the answer that asked for a confirmation.' };
  return {
    name,
    description,
    inputSchema: writes ? { ...inputSchema, properties: { ...inputSchema.properties, confirmation } } : inputSchema,
    annotations: { readOnlyHint: !writes, destructiveHint: writes, openWorldHint: writes },
  };
}

interface Write {
  tool: Tool;
  request: ToolRequest;
  confirmation: unknown;
}

/**
 * Why a write is not done yet; undefined once its person has agreed. A client that can ask its person is asked to;
 * with another one the same request has to come again with a code.
 */
async function unconfirmed(
  server: Server,
  confirmations: Confirmations,
  { tool, request, confirmation }: Write,
): Promise<CallToolResult | undefined> {
  const what = requestText(tool, request);
  if (server.getClientCapabilities()?.elicitation !== undefined) {
    const { action, content } = await server.elicitInput({
      message: `Do this? ${what}`,
      requestedSchema: {
        type: 'object',
        properties: { confirm: { type: 'boolean', title: 'Do it' } },
        required: ['confirm'],
      },
    });
    return action === 'accept' && content?.['confirm'] === true ? undefined : failed('not confirmed; nothing was done');
  }
  if (typeof confirmation === 'string' && confirmations.confirm(confirmation, request)) return undefined;
  const code = confirmations.announce(request);
  return failed(
    `Nothing was done yet. Show this to the person and ask: ${what}. ` +
      `If they agree, call ${tool.name} again with the same arguments and "confirmation": "${code}" within 5 minutes.`,
  );
}

const said = (text: string): CallToolResult => ({ content: [{ type: 'text', text: text.slice(0, MAX_CHARACTERS) }] });
const failed = (text: string): CallToolResult => ({ ...said(text), isError: true });

/** @throws CommandFailure with the problem in words */
async function ask(profile: Profile, { method, target, body }: ToolRequest): Promise<{ text: string; json: unknown }> {
  const response = await fetch(profile.url + target, {
    method,
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: {
      Authorization: `Bearer ${profile.key}`,
      Accept: 'application/json',
      ...(profile.organization === undefined ? {} : { 'X-Organization-Id': profile.organization }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  }).catch((error: Error) => {
    throw new CommandFailure(`the API did not answer: ${error.message}${method === 'GET' ? '' : doubtOf(error)}`);
  });
  const text = await response.text();
  const json = parsed(text);
  if (!response.ok) throw failureOf(response.status, json);
  return { text: text === '' ? 'done' : text, json };
}

const isDocument = (json: unknown): json is OpenApiDocument =>
  typeof json === 'object' && json !== null && 'paths' in json;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
