import { z } from 'zod';

/** A text that may be null. Forms and older clients send an empty string where they mean null. */
export const orNull = <Text extends z.ZodType<string>>(text: Text) =>
  z.preprocess((value) => (value === '' ? null : value), text.nullable());
