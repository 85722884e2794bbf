import { serveMcp } from '../mcp/server.process.js';
import { command } from './command.js';

export const mcp = command(
  'mcp',
  'Serve the API to an AI assistant (Model Context Protocol over standard input and output)',
  {
    'allow-writes': {
      type: 'boolean',
      default: false,
      describe: 'Also tools that change something; each use has to be confirmed',
    },
  },
  async (context, { 'allow-writes': allowWrites }) => {
    const { profile } = await context.profile();
    await serveMcp({ profile, allowWrites, signal: context.signal });
  },
);
