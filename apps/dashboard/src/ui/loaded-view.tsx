import { lazy, useState, type ComponentType } from 'react';

type Load = () => Promise<{ default: ComponentType }>;

/** Its files come when it is opened, or sooner. */
export interface LoadedView {
  View: ComponentType;
  /** Settles when the view can be shown at once, or cannot be loaded: it says so itself when it is opened. */
  preload: () => Promise<void>;
}

/** React shows what it waited for 300 ms after "Loading…" at the earliest: a view that is there does not wait. */
export function loadedView(load: Load): LoadedView {
  let Loaded: ComponentType | undefined;
  const keep = async () => {
    const module = await load();
    Loaded = module.default;
    return module;
  };
  const Later = lazy(keep);
  return {
    View: () => {
      // Another component in its place would lose what was entered.
      const [Shown] = useState<ComponentType>(() => Loaded ?? Later);
      return <Shown />;
    },
    preload: async () => {
      await keep().catch(() => undefined);
    },
  };
}
