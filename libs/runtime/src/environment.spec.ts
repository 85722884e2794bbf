import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { EnvironmentError, parseEnvironment } from './environment.js';

const schema = z.object({
  NATS_URL: z.string(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  MODE: z.enum(['a', 'b']).optional(),
  SECRET: z.string().min(32, 'must be at least 32 characters').optional(),
});

describe('parseEnvironment', () => {
  it('gives values and defaults; set to nothing is not set; what it does not know is left out', () => {
    expect(parseEnvironment(schema, { NATS_URL: 'nats://127.0.0.1', PORT: '', OTHER: 'x' })).toEqual({
      NATS_URL: 'nats://127.0.0.1',
      PORT: 3000,
    });
  });

  it('names every variable and what it should be, and shows no value', () => {
    const failing = () => parseEnvironment(schema, { PORT: 'hunter2', MODE: 'hunter2', SECRET: 'hunter2' });
    expect(failing).toThrow(EnvironmentError);
    try {
      failing();
    } catch (error) {
      const { problems, message } = error as EnvironmentError;
      expect(problems.map((problem) => problem.split(':')[0])).toEqual(['NATS_URL', 'PORT', 'MODE', 'SECRET']);
      expect(problems[0]).toBe('NATS_URL: is not set; a string is needed');
      expect(problems[3]).toBe('SECRET: must be at least 32 characters');
      expect(message).not.toContain('hunter2');
    }
  });
});
