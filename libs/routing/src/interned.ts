/** Values that repeat, held once under a small handle while anybody uses them. */
export interface Interned<T> {
  readonly handles: Map<string, number>;
  readonly values: (T | undefined)[];
  readonly keys: (string | undefined)[];
  readonly uses: number[];
  readonly free: number[];
}

export function createInterned<T>(): Interned<T> {
  return { handles: new Map(), values: [], keys: [], uses: [], free: [] };
}

/** The handle of the value under `key`, made on first use. Every acquire is matched by one release. */
export function acquire<T>(interned: Interned<T>, key: string, make: (handle: number) => T): number {
  const known = interned.handles.get(key);
  if (known !== undefined) {
    interned.uses[known]!++;
    return known;
  }
  const handle = interned.free.pop() ?? interned.values.length;
  interned.handles.set(key, handle);
  interned.values[handle] = make(handle);
  interned.keys[handle] = key;
  interned.uses[handle] = 1;
  return handle;
}

export function release<T>(interned: Interned<T>, handle: number): void {
  if (--interned.uses[handle]! > 0) return;
  interned.handles.delete(interned.keys[handle]!);
  interned.values[handle] = undefined;
  interned.keys[handle] = undefined;
  interned.free.push(handle);
}
