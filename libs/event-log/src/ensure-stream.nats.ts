import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';

/** A stream of the name is there with a setting that JetStream cannot change. */
export class StreamSettingsError extends Error {
  override readonly name = 'StreamSettingsError';
}

const STREAM_NAME_IN_USE = 10058;

export type Settings = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

export async function ensure(manager: JetStreamManager, wanted: Settings): Promise<void> {
  const found = (await configOf(manager, wanted.name)) ?? (await create(manager, wanted));
  if (found === 'created' || !differs(found, wanted)) return;
  try {
    await manager.streams.update(wanted.name, { ...found, ...wanted });
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    throw new StreamSettingsError(
      `the stream ${wanted.name} is there with other settings, which cannot be changed: ${error.message}. Back ` +
        'it up, delete it and start again.',
      { cause: error },
    );
  }
}

export async function create(manager: JetStreamManager, wanted: Settings): Promise<'created' | StreamConfig> {
  try {
    await manager.streams.add(wanted);
    return 'created';
  } catch (error) {
    // Another process made it in between, as another version of us would.
    const raced =
      error instanceof JetStreamApiError && error.code === STREAM_NAME_IN_USE
        ? await configOf(manager, wanted.name)
        : undefined;
    if (raced) return raced;
    throw error;
  }
}

export async function configOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
}

export const isStreamNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;

/** Only what we set counts; a newer server has settings that we do not know. A server leaves out what is false. */
function differs(found: StreamConfig, wanted: Settings): boolean {
  return Object.entries(wanted).some(([name, value]) => {
    const current = found[name as keyof StreamConfig] ?? false;
    return JSON.stringify(current) !== JSON.stringify(value);
  });
}
